from __future__ import annotations

from schoolkeeper.testing.ports import own_port
from smart_erp.traffic.pace import Pace, Stopped
from tests.smart_erp.conftest import MakeErp
from tests.smart_erp.erp import Erp
from tests.smart_erp.visitors import ended, lines_of, traffic, wait_for_work

LIVE = "SELECT count(*) FROM django_session WHERE expire_date > now()"


def test_it_leaves_sessions_and_log_lines_and_ends_when_told(school: Erp) -> None:
    log, sessions_before = school.home / "logs" / "access.log", school.one(LIVE)
    lines_before = len(lines_of(log))
    with traffic(school.url, school.environment, rate=30) as process:
        assert process.stdout
        assert process.stdout.readline().startswith("traffic: 5 users")
        lines = wait_for_work(log, lines_before)
        output = ended(process)
    assert "signed in" in output
    assert "500" not in output
    assert school.one(LIVE) > sessions_before
    assert any(" - teacher" in line for line in lines)


def test_nobody_there(make_erp: MakeErp) -> None:
    erp = make_erp()
    url = f"http://127.0.0.1:{own_port()}"
    assert "ConnectError" in erp.run("traffic", "--url", url, "--seconds", "1.5", expect=1)


def test_it_waits_for_a_server_that_comes_later(make_erp: MakeErp, filled: Erp) -> None:
    erp = make_erp(like=filled)
    with traffic(erp.url, erp.environment, rate=20) as process:
        assert process.stdout
        assert process.stdout.readline().startswith("traffic: 5 users")
        with erp.serving():
            wait_for_work(erp.home / "logs" / "access.log", len(lines_of(filled.home / "logs" / "access.log")))
            output = ended(process)
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
