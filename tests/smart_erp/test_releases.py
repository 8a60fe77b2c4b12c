from __future__ import annotations

import httpx
import pytest

from tests.smart_erp.conftest import MakeErp
from tests.smart_erp.erp import Erp


def schema(erp: Erp) -> set[tuple[str, str]]:
    """All columns of tables and views, all routines and triggers."""
    columns = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
    routines = "SELECT 'routine', routine_name FROM information_schema.routines WHERE routine_schema = 'public'"
    triggers = "SELECT 'trigger', trigger_name FROM information_schema.triggers"
    return set(erp.sql(f"{columns} UNION {routines} UNION {triggers}"))


def test_up_and_down(make_erp: MakeErp) -> None:
    erp = make_erp("1.0")
    assert erp.run("migrate") == "schema went from nothing to 1.0\n"
    assert erp.run("migrate") == "schema is at 1.0 already\n"
    old = schema(erp)
    erp.run("fill")
    students = erp.table_digest("student")
    balances = erp.sql("SELECT student_id, balance_amount FROM fee_balance ORDER BY 1")

    erp.release = "1.1"
    assert erp.run("migrate") == "schema went from 1.0 to 1.1\n"
    new = schema(erp)
    assert old < new
    assert {
        ("section", "places"),
        ("fee_balance", "overdue_amount"),
        ("attendance_excuse", "reason"),
    } <= new - old

    erp.release = "1.0"
    assert erp.run("migrate") == "schema went from 1.1 to 1.0\n"
    assert schema(erp) == old
    assert erp.table_digest("student") == students
    assert erp.sql("SELECT student_id, balance_amount FROM fee_balance ORDER BY 1") == balances
    assert [version for (version,) in erp.sql("SELECT version FROM release ORDER BY id")] == [
        "1.0",
        "1.1",
        "1.0",
    ]


@pytest.mark.parametrize(("release", "status"), [("1.0", 404), ("1.1", 200)])
def test_each_release_runs_on_its_own_schema(make_erp: MakeErp, filled: Erp, release: str, status: int) -> None:
    erp = make_erp(release, like=filled)
    erp.run("migrate")
    with erp.serving() as url:
        assert httpx.get(f"{url}/version").json() == {
            "name": "Smart Education ERP",
            "release": release,
            "schema_release": release,
        }
        assert httpx.get(f"{url}/healthz").status_code == 200
        for user in ("admin", "teacher0001", "student00001", "parent00001"):
            with erp.browser(user) as browser:
                assert browser.get("/").status_code == 200
        with erp.browser("parent00001") as parent:
            assert parent.get("/fees/").status_code == 200
            assert ("overdue" in parent.get("/fees/").text) == (release == "1.1")
            assert parent.get("/excuses/").status_code == status
            assert parent.get("/sections/2/").status_code == 200


def test_code_and_schema_apart_is_not_healthy(make_erp: MakeErp) -> None:
    erp = make_erp("1.1")
    erp.run("migrate")
    erp.release = "1.0"
    with erp.serving() as url:
        answer = httpx.get(f"{url}/healthz")
        assert answer.status_code == 503
        assert answer.json()["failed"] == ["schema"]
        assert httpx.get(f"{url}/version").json()["schema_release"] == "1.1"
