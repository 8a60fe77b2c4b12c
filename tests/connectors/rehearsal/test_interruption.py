"""A rehearsal that is killed leaves nothing running, and is repeated as if it had never been."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.connectors.rehearsal.restored import Restored

ROOT = Path(__file__).parents[3]
SECONDS = 90  # on a machine that does other things too


def processes_of(workspace: Path) -> list[psutil.Process]:
    """Those whose command or environment names the workspace."""
    found = []
    for process in psutil.process_iter():
        try:
            texts = [*process.cmdline(), process.environ().get("SMART_ERP_HOME", "")]
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if any(str(workspace) in text for text in texts):
            found.append(process)
    return found


@pytest.mark.parametrize(
    "seen", ["home/tmp", "home/code", "enclosure.json", "enclosure-report.json", "home/logs/app.log"]
)
def test_killed_and_repeated(restored: Restored, seen: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    golden = tmp_path_factory.mktemp("golden") / "rows.json"
    golden.write_text(json.dumps(restored.golden))
    environment = {**os.environ, "COPY_URL": restored.url, "PYTHONPATH": str(ROOT)}
    argv = [sys.executable, "-m", "tests.connectors.rehearsal.rehearse_copy", str(restored.workspace), str(golden)]
    with subprocess.Popen(argv, env=environment, cwd=ROOT) as rehearsing:
        deadline = time.monotonic() + SECONDS
        while not (restored.workspace / "rehearsal" / seen).exists():
            assert rehearsing.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.002)
        rehearsing.kill()
    deadline = time.monotonic() + SECONDS
    while processes_of(restored.workspace):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert restored.rehearse().faults == []
    assert not (restored.workspace / "rehearsal").exists()
