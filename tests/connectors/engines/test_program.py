"""A tool runs in a clean environment, says no secret, and does not outlive us."""

import io
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from schoolkeeper.connectors.engines.program import Program, located
from schoolkeeper.kernel.errors import Unreachable

RUNNER = """
import sys
from pathlib import Path
from schoolkeeper.connectors.engines.program import Program
Program(Path("/bin/sh")).run("-c", "echo $$ > %s; exec sleep 300")
"""


def shell(script: str, **environment: str) -> str:
    program = Program(Path("/bin/sh"), environment, list(environment.values()))
    said = program.run("-c", script)
    return said.out + said.err


def test_the_environment_is_clean_and_in_the_zone_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "ours")
    said = shell("env")
    assert "PGPASSWORD" not in said
    assert "TZ=:/etc/localtime" in said


def test_secrets_and_quoted_configuration_are_blotted_out() -> None:
    said = shell(
        "echo key $KEY; echo \"conninfo host=h password='a b' port=1 repo1-cipher-pass=xyz\" >&2", KEY="hush"
    )
    assert said == "key ***\nconninfo host=h password=*** port=1 repo1-cipher-pass=***\n"


def test_what_a_program_says_is_told_in_short() -> None:
    said = Program(Path("/bin/sh")).run("-c", "seq 1 50 >&2; exit 3")
    assert (said.code, said.words) == (3, " / ".join(str(number) for number in range(43, 51)))
    assert Program(Path("/bin/sh")).run("-c", "exit 4").words == "it ended with code 4"


def test_output_goes_where_it_is_wanted(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as out:
        assert Program(Path("/bin/sh")).run("-c", "printf '\\0\\1'", out=out).out == ""
    assert (tmp_path / "out").read_bytes() == b"\0\1"


def test_a_program_that_gives_up_early_takes_no_more() -> None:
    with Program(Path("/bin/sh")).fed("-c", "exit 5") as feed:
        assert feed.pour(io.BytesIO(bytes(5 << 20))) < 5 << 20
        assert feed.end().code == 5


def test_left_by_an_exception_it_never_sees_the_end_of_its_input(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    reads = f"import pathlib, sys; sys.stdin.buffer.read(); pathlib.Path({str(seen)!r}).touch()"
    with suppress(KeyError), Program(Path(sys.executable)).fed("-c", reads) as feed:
        feed.pour(io.BytesIO(b"half"))
        raise KeyError
    assert not seen.exists()


def test_it_does_not_outlive_us(tmp_path: Path) -> None:
    noted = tmp_path / "pid"
    runner = subprocess.Popen([sys.executable, "-c", RUNNER % noted])
    deadline = time.monotonic() + 30
    while not (noted.exists() and noted.read_text().strip()) and time.monotonic() < deadline:
        time.sleep(0.02)
    tool = psutil.Process(int(noted.read_text()))
    os.kill(runner.pid, signal.SIGKILL)
    runner.wait()
    psutil.wait_procs([tool], timeout=60)
    assert not tool.is_running()


def test_a_program_is_found_beside_our_python_too() -> None:
    assert located("barman", "barman").is_file()
    assert located("shell", "/bin/sh") == Path("/bin/sh")
    with pytest.raises(Unreachable, match="not installed"):
        located("shell", "no-such-program")
