import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from schoolkeeper.testing.folders import temporary_folder

MAKER = """
import os, signal
from schoolkeeper.testing.folders import temporary_folder
with temporary_folder("sk-") as folder:
    (folder / "file").touch()
    if os.fork() == 0:
        print(os.getpid(), folder, flush=True)
    signal.pause()
"""
PATIENCE_SECONDS = 60


def test_it_is_gone_afterwards() -> None:
    with temporary_folder("sk-") as folder:
        (folder / "file").touch()
        assert folder.stat().st_mode & 0o777 == 0o711
    assert not folder.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_it_goes_with_its_maker_although_a_fork_lives_on(number: signal.Signals) -> None:
    maker = subprocess.Popen([sys.executable, "-c", MAKER], stdout=subprocess.PIPE, text=True)
    assert maker.stdout is not None
    fork, folder = maker.stdout.readline().split()
    try:
        assert Path(folder, "file").exists()
        maker.send_signal(number)
        maker.wait(PATIENCE_SECONDS)
        end = time.monotonic() + PATIENCE_SECONDS
        while Path(folder).exists():
            assert time.monotonic() < end
            time.sleep(0.05)
    finally:
        os.kill(int(fork), signal.SIGKILL)
        maker.stdout.close()
