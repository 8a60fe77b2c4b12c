"""Starts the stand-in by `isolation.start` in a process of its own, says what came of it and waits to be killed.

Arguments: folder, which holds it, port, what the stand-in is to try.
"""

import json
import sys
import time
from pathlib import Path

from schoolkeeper.connectors.rehearsal.isolation import Program, start

folder, port, wanted = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
standin = folder / "home" / "standin.py"
process, isolation = start(
    Program(
        argv=[sys.executable, str(standin), str(port), wanted],
        env={"PATH": "/usr/bin:/bin"},
        cwd=Path("/"),
        log=folder / "log",
        web_port=port,
        database_port=None,
        writable=[folder / "home"],
    ),
    folder,
)
print(json.dumps([isolation.isolated, isolation.why, process.pid]), flush=True)
time.sleep(600)
