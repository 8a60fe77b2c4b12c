from __future__ import annotations

import httpx

from tests.smart_erp.conftest import MakeErp
from tests.smart_erp.erp import sign_in


def test_closing_and_opening(make_erp: MakeErp) -> None:
    erp = make_erp()
    erp.run("migrate")
    with erp.serving() as url:
        assert erp.run("maintenance", "status") == "maintenance is off\n"
        erp.run("maintenance", "on", "--message", "Back at <noon>.")
        assert "Back at <noon>." in erp.run("maintenance", "status")
        for path in ("/", "/sign-in/", "/admin/", "/admin/login/", "/nowhere/"):
            answer = httpx.get(url + path)
            assert answer.status_code == 503
            assert answer.headers["Retry-After"] == "120"
            assert "Closed for maintenance" in answer.text
            assert "Back at &lt;noon&gt;." in answer.text
        assert httpx.get(f"{url}/static/smart_erp/erp.css").status_code == 200
        assert httpx.get(f"{url}/version").status_code == 200
        health = httpx.get(f"{url}/healthz")
        assert (health.status_code, health.json()["maintenance"]) == (200, True)
        with httpx.Client(base_url=url, cookies={"smart_erp_csrf": "x" * 32}) as client:
            assert sign_in(client, "admin", "anything").status_code == 503
        erp.run("maintenance", "off")
        assert httpx.get(f"{url}/sign-in/").status_code == 200


def test_a_broken_flag_counts_as_closed(make_erp: MakeErp) -> None:
    erp = make_erp()
    erp.run("migrate")
    (erp.home / "config" / "maintenance.json").write_text("{", encoding="utf-8")
    with erp.serving() as url:
        assert httpx.get(f"{url}/sign-in/").status_code == 503


def test_on_again_keeps_the_beginning(make_erp: MakeErp) -> None:
    erp = make_erp()
    first = erp.run("maintenance", "on", "--message", "One")
    again = erp.run("maintenance", "on", "--message", "Two")
    assert again == first.replace("One", "Two")
    assert erp.run("maintenance", "on") == again
    assert erp.run("maintenance", "off") == erp.run("maintenance", "off") == "maintenance is off\n"
