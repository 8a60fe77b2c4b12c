"""The ledger in PostgreSQL: it only grows, in one chain, and agrees with the heads kept outside."""

import io
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction

from schoolkeeper.ledger import verify
from schoolkeeper.ledger.errors import EntryError
from schoolkeeper.records import ledger
from schoolkeeper.records.models import LedgerEntry
from tests.control_plane import ControlPlane


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE records_ledgerentry SET actor = 'nobody'",
        "DELETE FROM records_ledgerentry",
        "TRUNCATE records_ledgerentry",
    ],
)
def test_postgres_refuses(statement: str) -> None:
    ledger.append("test", actor="keeper")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert LedgerEntry.objects.get().actor == "keeper"


@pytest.mark.django_db
def test_an_append_repeated_after_a_crash_happens_once() -> None:
    first = ledger.append("test", actor="keeper", once="a")
    assert ledger.append("test", actor="keeper", once="a") == first
    assert ledger.append("test", actor="keeper", once="b").previous == first.digest


@pytest.mark.django_db
def test_data_without_one_form_is_refused() -> None:
    with pytest.raises(EntryError):
        ledger.append("test", actor="keeper", data={"ratio": 0.1})


@pytest.mark.django_db
def test_an_export_verifies_and_a_changed_row_is_found(tmp_path: Path) -> None:
    for number in range(5):
        ledger.append("test", actor="keeper", system="north", subject=str(number), data={"número": number})
    assert export(tmp_path).ok
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE records_ledgerentry DISABLE TRIGGER USER")
        cursor.execute("UPDATE records_ledgerentry SET subject = 'forged' WHERE sequence = 3")
        cursor.execute("ALTER TABLE records_ledgerentry ENABLE TRIGGER USER")
    report = export(tmp_path)
    assert [fault.sequence for fault in report.faults] == [3]


def export(home: Path) -> verify.Report:
    stream = io.BytesIO()
    ledger.write_export(home, "test", stream)
    return verify.verify(stream.getvalue().splitlines(keepends=True))


def test_appends_at_the_same_time_make_one_chain(database: str, tmp_path: Path) -> None:
    """In a database of its own: threads commit, and nothing can be deleted from a ledger afterwards."""
    plane = ControlPlane(tmp_path, database)
    plane.python(
        "import threading\n"
        "from django.db import connection\n"
        "from schoolkeeper.records import ledger\n"
        "def append_some():\n"
        "    for _ in range(20): ledger.append('test', actor='keeper')\n"
        "    connection.close()\n"
        "threads = [threading.Thread(target=append_some) for _ in range(4)]\n"
        "[thread.start() for thread in threads]; [thread.join() for thread in threads]"
    )
    plane.verify_ledger()
    assert plane.rows("SELECT count(*) AS n, max(sequence) AS last FROM records_ledgerentry") == [
        {"n": 80, "last": 80}
    ]
    plane.close()
