"""Rehearses a restored copy in a process of its own.

Arguments: workspace, a file with the golden rows. The address of the copy is in the environment (COPY_URL).
"""

import json
import os
import sys
from pathlib import Path

from tests.connectors.rehearsal.restored import Restored

workspace = Path(sys.argv[1])
golden = json.loads(Path(sys.argv[2]).read_text())
print(Restored(workspace, os.environ["COPY_URL"], golden).rehearse().model_dump_json(), flush=True)
