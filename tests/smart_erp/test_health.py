from __future__ import annotations

import httpx

from tests.smart_erp.conftest import MakeErp


def test_it_fails_honestly_and_recovers(make_erp: MakeErp) -> None:
    erp = make_erp()
    erp.run("migrate")
    uploads = erp.home / "uploads"
    with erp.serving() as url:
        good = httpx.get(f"{url}/healthz")
        assert (good.status_code, good.json()["failed"]) == (200, [])
        assert set(good.json()["checks"]) == {"database", "schema", "uploads", "cache"}

        uploads.rename(erp.home / "elsewhere")
        answer = httpx.get(f"{url}/healthz")
        assert (answer.status_code, answer.json()["failed"]) == (503, ["uploads"])
        (erp.home / "elsewhere").rename(uploads)

        erp.sql("ALTER TABLE cache_entry RENAME TO gone")
        answer = httpx.get(f"{url}/healthz")
        assert (answer.status_code, answer.json()["failed"]) == (503, ["cache"])
        erp.sql("ALTER TABLE gone RENAME TO cache_entry")
        assert httpx.get(f"{url}/healthz").status_code == 200


def test_without_a_database(make_erp: MakeErp) -> None:
    erp = make_erp()
    erp.database_url = "postgresql://nobody:secret@127.0.0.1:1/nothing"
    with erp.serving() as url:
        answer = httpx.get(f"{url}/healthz")
        assert answer.status_code == 503
        assert answer.json()["failed"] == ["database", "schema", "cache"]
        assert "secret" not in answer.text
        assert "nobody" not in answer.text
        assert httpx.get(f"{url}/version").status_code == 503
        assert httpx.get(f"{url}/sign-in/").status_code == 200
        stranger = {"smart_erp_session": "abcdefghijklmnopqrstuvwxyz012345"}
        page = httpx.get(f"{url}/", cookies=stranger)
        assert (page.status_code, "Something went wrong" in page.text) == (500, True)
    log = (erp.home / "logs" / "app.log").read_text(encoding="utf-8")
    assert "ERROR django.request [" + page.headers["X-Request-ID"] in log
    assert "OperationalError" in log
    assert "secret" not in log
    assert "cannot be reached" in erp.run("migrate", expect=1)
