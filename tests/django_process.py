"""A process with Django set up that runs the code it is sent: starting one for each question would take long.

Each line in is a JSON text of Python code; each line out is {"out": printed text} or {"error": traceback}.
"""

import contextlib
import importlib
import io
import json
import os
import sys
import traceback

import django

django.setup()
if more := os.environ.get("SCHOOLKEEPER_TEST_MORE"):
    importlib.import_module(more)

for line in sys.stdin:
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out):
            exec(json.loads(line), {})
        answer = {"out": out.getvalue()}
    except Exception:  # noqa: BLE001  # whatever it is, the test is told
        answer = {"error": traceback.format_exc()}
    print(json.dumps(answer), flush=True)
