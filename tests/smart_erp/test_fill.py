from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

import smart_erp
from tests.smart_erp.conftest import MakeErp
from tests.smart_erp.erp import Erp

README = (Path(smart_erp.__file__).parent / "README.md").read_text(encoding="utf-8")
# Rows that carry the time of their making, or that belong to the framework and not to the school.
NOT_GENERATED = {"release", "cache_entry", "django_migrations", "auth_permission", "django_content_type"}
NOT_GENERATED |= {"auth_group_permissions"}


def assertions() -> dict[str, str]:
    """The SQL of the README's "What always holds", by name."""
    block = re.search(r"## What always holds.*?```sql\n(.*?)```", README, re.DOTALL)
    assert block
    return dict(re.findall(r"-- ([\w.]+):[^\n]*\n(.*?;)\n", block.group(1), re.DOTALL))


@pytest.mark.parametrize("name", assertions())
def test_what_always_holds(school: Erp, name: str) -> None:
    assert school.one(assertions()[name]) == 0


def test_there_are_enough_assertions() -> None:
    assert len(assertions()) >= 15


def test_assertions_find_damage(make_erp: MakeErp, filled: Erp) -> None:
    erp = make_erp(like=filled)
    erp.sql("ALTER TABLE payment DISABLE TRIGGER USER")
    erp.sql("ALTER TABLE grade DISABLE TRIGGER USER")
    erp.sql("DELETE FROM payment WHERE id = 5")
    erp.sql("UPDATE grade SET score = score / 2 WHERE id = 9")
    broken = {name for name, sql in assertions().items() if erp.one(sql)}
    assert broken == {"invoices.paid_is_sum_of_payments", "grades.final_is_weighted_mean"}


def test_same_seed_same_school(make_erp: MakeErp, filled: Erp) -> None:
    twin = make_erp()
    twin.run("migrate")
    twin.run("fill", "--size", "small", "--seed", "8")
    assert twin.table_digest("student") != filled.table_digest("student")
    twin.run("fill", "--size", "small", "--seed", "7", "--replace")
    assert generated(twin) == generated(filled)
    assert stored_files(twin) == stored_files(filled)


def generated(erp: Erp) -> dict[str, str]:
    return {table: digest for table, digest in erp.digests().items() if table not in NOT_GENERATED}


def stored_files(erp: Erp) -> dict[str, bytes]:
    uploads = erp.home / "uploads"
    return {str(path.relative_to(uploads)): path.read_bytes() for path in uploads.rglob("*") if path.is_file()}


def test_uploads_are_on_disk_as_the_database_says(school: Erp) -> None:
    rows = school.sql("SELECT path, sha256, size_bytes FROM upload")
    assert len(rows) > 500
    for path, sha256, size in rows:
        content = (school.home / "uploads" / path).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (sha256, size)


def test_sequences_go_on_after_the_copied_rows(school: Erp) -> None:
    for table in ("student", "grade", "payment", "attendance", "upload", "auth_user"):
        newest = school.one(f"SELECT max(id) FROM {table}")
        last = school.one(f"SELECT last_value FROM {table}_id_seq")
        assert last >= newest > 0


def test_statistics_are_fresh(school: Erp) -> None:
    assert school.one("SELECT reltuples FROM pg_class WHERE relname = 'attendance'") > 50_000


def test_there_is_something_to_clean_up(filled: Erp) -> None:
    assert filled.one("SELECT count(*) FROM django_session WHERE expire_date < now()") == 150
    assert len(list(filled.home.glob("tmp/*.upload"))) == 20


def test_refuses_a_school_that_is_there(school: Erp) -> None:
    assert "has students already" in school.run("fill", expect=1)


def test_refuses_a_schema_of_another_release(make_erp: MakeErp) -> None:
    erp = make_erp()
    assert "run migrate first" in erp.run("fill", expect=1)
    erp.run("migrate")
    erp.release = "1.0"
    assert "run migrate first" in erp.run("fill", expect=1)


def test_a_year_is_a_year(filled: Erp) -> None:
    days = filled.one("SELECT count(DISTINCT held_on) FROM attendance")
    assert 170 <= days <= 200
    present = filled.one("SELECT avg((mark IN ('present', 'late'))::int) FROM attendance")
    assert 0.9 < present < 0.99
