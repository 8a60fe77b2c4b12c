"""Temporary folders that go with whoever made them, also when it is killed."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# It is told to sweep, or its standard input ends as we do, or its parent is another one while a fork of ours still
# holds that pipe. Servers in the folder learn of our end at the same time and may write while they stop, hence
# several attempts.
SWEEPER = """
import os, pathlib, select, shutil, sys, time
folder, parent = pathlib.Path(sys.argv[1]), int(sys.argv[2])
while os.getppid() == parent and not select.select([0], [], [], 1)[0]:
    pass
for attempt in range(20):
    shutil.rmtree(folder, ignore_errors=True)
    if not folder.exists():
        break
    time.sleep(0.5)
"""


@contextmanager
def temporary_folder(prefix: str) -> Iterator[Path]:
    """A folder that every account may pass through, unlike pytest's own: a database server's must.

    It is gone when the block is left, or soon after the process has ended in whatever way.
    """
    folder = Path(tempfile.mkdtemp(prefix=prefix)).resolve()
    folder.chmod(0o711)
    # In a session of its own: Ctrl-C at a terminal is meant for us.
    command = [sys.executable, "-I", "-c", SWEEPER, str(folder), str(os.getpid())]
    with subprocess.Popen(command, cwd="/", stdin=subprocess.PIPE, start_new_session=True) as sweeper:
        try:
            yield folder
        finally:
            sweeper.communicate(b"now")
