"""One ERP under test, and the people who use it."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg

PASSWORD = "correct horse 1!"
COMMAND = (sys.executable, "-m", "smart_erp")
START_SECONDS = 120  # on a machine that does other things too


@dataclass(slots=True, kw_only=True)
class Erp:
    database_url: str
    home: Path
    release: str
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "SMART_ERP_DATABASE_URL": self.database_url,
            "SMART_ERP_HOME": str(self.home),
            "SMART_ERP_RELEASE": self.release,
            "SMART_ERP_PORT": str(self.port),
            "SMART_ERP_DEMO_PASSWORD": PASSWORD,
        }

    def run(self, *arguments: str, expect: int = 0) -> str:
        """Run one command and return what it printed; stderr too when another exit code is expected."""
        done = subprocess.run(
            [*COMMAND, *arguments], env=self.environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == expect, done.stdout + done.stderr
        return done.stdout + (done.stderr if expect else "")

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Run the web server meanwhile; yields its address. It must end cleanly at SIGTERM."""
        process = subprocess.Popen(
            [*COMMAND, "serve"],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            wait_until_open(self.port, process)
            yield self.url
        finally:
            process.terminate()
            output, _ = process.communicate(timeout=60)
        assert process.returncode == 0, output

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database_url) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def one(self, statement: str, *values: object) -> Any:
        return self.sql(statement, *values)[0][0]

    def digests(self) -> dict[str, str]:
        """A digest of the content of every table, whatever the order of its rows."""
        names = self.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        return {name: self.table_digest(name) for (name,) in names}

    def table_digest(self, name: str) -> str:
        rows = self.sql(f'SELECT md5(t::text) FROM "{name}" AS t ORDER BY 1')
        return hashlib.md5("".join(row for (row,) in rows).encode()).hexdigest()

    @contextmanager
    def browser(self, username: str) -> Iterator[httpx.Client]:
        """A client that is signed in."""
        with httpx.Client(base_url=self.url, timeout=60) as client:
            response = sign_in(client, username, PASSWORD)
            assert response.status_code == 302, response.text
            yield client


def sign_in(client: httpx.Client, username: str, password: str) -> httpx.Response:
    client.get("/sign-in/")
    return post(client, "/sign-in/", {"username": username, "password": password, "next": ""})


def post(client: httpx.Client, path: str, data: dict[str, str], **options: Any) -> httpx.Response:
    token = client.cookies["smart_erp_csrf"]
    return client.post(path, data=data | {"csrfmiddlewaretoken": token}, **options)


def wait_until_open(port: int, process: subprocess.Popen[str]) -> None:
    """Wait for a process of ours to listen; the one place where real time must pass."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"the server did not start (exit code {process.poll()})")
