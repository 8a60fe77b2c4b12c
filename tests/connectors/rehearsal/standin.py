"""Stands in for an ERP that tries to get out: answers each request with what it could reach.

Arguments: port to listen on, and a JSON object of what to try. Runs on the standard library alone.
"""

import contextlib
import json
import os
import socket
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

PORT, WANTED = int(sys.argv[1]), json.loads(sys.argv[2])


def reaches(family: int, address: Any) -> bool:
    with socket.socket(family) as client:
        client.settimeout(3)
        with contextlib.suppress(OSError):
            client.connect(address)
            return True
    return False


def writes(path: str) -> bool:
    try:
        Path(path).write_text("was here")
    except OSError:
        return False
    return True


def tried() -> dict[str, Any]:
    found: dict[str, Any] = {
        name: reaches(socket.AF_INET, tuple(address)) for name, address in WANTED.get("tcp", {}).items()
    }
    found |= {name: reaches(socket.AF_UNIX, address) for name, address in WANTED.get("unix", {}).items()}
    found |= {name: writes(path) for name, path in WANTED.get("files", {}).items()}
    return {**found, "proxy": os.environ.get("https_proxy", ""), "uid": os.getuid()}


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps(tried()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if WANTED.get("leaves_behind") and os.fork() == 0:
    os.setsid()  # a background process that no group and no session ties to us
    os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(600)", WANTED["leaves_behind"]])
if WANTED.get("hangs"):
    time.sleep(600)
HTTPServer(("127.0.0.1", PORT), Answer).serve_forever()
