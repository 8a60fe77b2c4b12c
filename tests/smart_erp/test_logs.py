from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

import smart_erp
from tests.smart_erp.erp import PASSWORD, Erp, sign_in

README = (Path(smart_erp.__file__).parent / "README.md").read_text(encoding="utf-8")
ACCESS, APP = (re.compile(text) for text in re.findall(r"```regex\n(.*?)\n```", README))
ACCESS_SAMPLE, APP_SAMPLE = re.findall(r"```\n((?:127|2026).*?)\n```", README)


def lines(erp: Erp, name: str) -> list[str]:
    return (erp.home / "logs" / name).read_text(encoding="utf-8").splitlines()


def test_the_samples_match_their_patterns() -> None:
    assert ACCESS.match(ACCESS_SAMPLE)
    assert APP.match(APP_SAMPLE)


def test_every_access_line_can_be_read(school: Erp) -> None:
    with school.browser("student00003") as student:
        student.get("/fees/", headers={"X-Request-ID": "my-own-request-7"})
    parsed = [ACCESS.match(line) for line in lines(school, "access.log")]
    assert all(parsed)
    mine = [match for match in parsed if match and match["request_id"] == "my-own-request-7"]
    assert [(match["user"], match["path"], match["status"]) for match in mine] == [
        ("student00003", "/fees/", "200")
    ]
    assert float(mine[0]["duration_ms"]) > 0
    written_at = datetime.strptime(mine[0]["time"], "%d/%b/%Y:%H:%M:%S %z")
    assert abs(datetime.now(UTC) - written_at) < timedelta(minutes=1)


def test_hostile_headers_break_no_line(school: Erp) -> None:
    agent = 'evil" 200 1 "-" "x\\ y'
    httpx.get(f"{school.url}/sign-in/?a=%22%0aadmin", headers={"User-Agent": agent, "X-Request-ID": 'bad id"'})
    last = ACCESS.match(lines(school, "access.log")[-1])
    assert last
    assert last["status"] == "200"
    assert last["agent"].startswith("evil\\x22 200")
    assert re.fullmatch("[0-9a-f]{32}", last["request_id"])


def test_refused_sign_ins_are_noted(school: Erp) -> None:
    with httpx.Client(base_url=school.url) as client:
        answer = sign_in(client, "nobody\nERROR forged", "x")
    parsed = [APP.match(line) for line in lines(school, "app.log")]
    mine = [match for match in parsed if match and match["request_id"] == answer.headers["X-Request-ID"]]
    assert [match["level"] for match in mine] == ["WARNING"]
    assert "sign-in refused: 'nobody\\nERROR forged'" in mine[0]["message"]


def test_a_moved_log_is_opened_anew(school: Erp) -> None:
    log = school.home / "logs" / "access.log"
    log.rename(log.with_suffix(".old"))
    httpx.get(f"{school.url}/version")
    assert len(lines(school, "access.log")) == 1


def test_secrets_are_not_in_the_logs(school: Erp) -> None:
    with school.browser("student00003"), httpx.Client(base_url=school.url) as another:
        sign_in(another, "student00003", f"{PASSWORD} wrong")
    logs = {log.name: log.read_text(encoding="utf-8") for log in (school.home / "logs").iterdir()}
    assert "POST /sign-in/" in logs["access.log"]
    assert "sign-in refused: 'student00003'" in logs["app.log"]
    assert not [name for name, text in logs.items() if PASSWORD.split()[1] in text]
