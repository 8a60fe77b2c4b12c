from __future__ import annotations

import signal
import subprocess
import time

from schoolkeeper.testing.ports import own_port
from smart_erp.traffic.pace import Pace, Stopped
from tests.smart_erp.conftest import MakeErp
from tests.smart_erp.erp import COMMAND, Erp

LIVE = "SELECT count(*) FROM django_session WHERE expire_date > now()"


def test_it_leaves_sessions_and_log_lines(school: Erp) -> None:
    log = school.home / "logs" / "access.log"
    lines_before = len(log.read_text().splitlines()) if log.exists() else 0
    sessions_before = school.one(LIVE)
    output = school.run("traffic", "--url", school.url, "--users", "5", "--rate", "30", "--seconds", "4")
    assert "signed in" in output
    assert "500" not in output
    assert school.one(LIVE) > sessions_before
    lines = log.read_text().splitlines()[lines_before:]
    assert len(lines) > 30
    assert any(" - teacher" in line for line in lines)


def test_it_ends_at_once_when_told(school: Erp) -> None:
    sessions_before = school.one(LIVE)
    process = subprocess.Popen(
        [*COMMAND, "traffic", "--url", school.url, "--rate", "5"],
        env=school.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline().startswith("traffic: 5 users")
    wait_for_sign_in(school, sessions_before)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=10)
    assert process.returncode == 0
    assert "signed in" in output


def wait_for_sign_in(school: Erp, sessions_before: int) -> None:
    deadline = time.monotonic() + 15
    while school.one(LIVE) <= sessions_before and time.monotonic() < deadline:
        time.sleep(0.05)
    # The visitor learns of the session a moment after the database.
    time.sleep(0.5)


def test_nobody_there(make_erp: MakeErp) -> None:
    erp = make_erp()
    url = f"http://127.0.0.1:{own_port()}"
    assert "ConnectError" in erp.run("traffic", "--url", url, "--seconds", "1.5", expect=1)


def test_it_waits_for_a_server_that_comes_later(make_erp: MakeErp, filled: Erp) -> None:
    erp = make_erp(like=filled)
    process = subprocess.Popen(
        [*COMMAND, "traffic", "--url", erp.url, "--rate", "20", "--seconds", "8"],
        env=erp.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    with erp.serving():
        output, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "signed in" in output


def test_the_pace_is_shared_and_ends() -> None:
    now = [100.0]
    pace = Pace(rate=10, seconds=1, clock=lambda: now[0])
    pace.pause = lambda seconds: now.__setitem__(0, now[0] + max(seconds, 0))  # type: ignore[method-assign]
    for _ in range(5):
        pace.wait()
    assert abs(now[0] - 100.4) < 1e-9
    del pace.pause
    now[0] = 101.0
    try:
        pace.wait()
    except Stopped:
        return
    raise AssertionError("the pace did not end")
