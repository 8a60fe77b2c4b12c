"""The ledger in PostgreSQL: it only grows, in one chain, and agrees with the heads kept outside."""

import io
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction

from schoolkeeper.ledger import verify
from schoolkeeper.ledger.errors import EntryError
from schoolkeeper.ledger.report import Code
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


def test_an_export_that_takes_its_time_holds_nobody_up(database: str, tmp_path: Path) -> None:
    """Others append while the stream is written; the export ends where its head says."""
    plane = ControlPlane(tmp_path, database)
    plane.python(
        "import io, threading\n"
        "from django.conf import settings\n"
        "from django.db import connection\n"
        "from schoolkeeper.ledger import verify\n"
        "from schoolkeeper.records import ledger\n"
        "def append():\n"
        "    with connection.cursor() as cursor: cursor.execute(\"SET lock_timeout = '3s'\")\n"
        "    ledger.append('test', actor='other'); connection.close()\n"
        "class Slow(io.BytesIO):\n"
        "    appended = 0\n"
        "    def write(self, line):\n"
        "        thread = threading.Thread(target=append); thread.start(); thread.join()\n"
        "        self.appended += 1\n"
        "        return super().write(line)\n"
        "for _ in range(3): ledger.append('test', actor='keeper')\n"
        "stream = Slow()\n"
        "signed = ledger.write_export(settings.SCHOOLKEEPER_HOME, 'test', stream)\n"
        "assert signed.sequence == 3, signed\n"
        "assert ledger.LedgerEntry.objects.count() == 3 + stream.appended\n"
        "report = verify.verify(stream.getvalue().splitlines(keepends=True))\n"
        "assert report.ok and report.entries == 3, report.sentences()"
    )
    plane.close()


@pytest.mark.django_db
def test_a_torn_head_is_told_and_the_others_still_count(tmp_path: Path) -> None:
    heads = ledger.kept_heads(tmp_path)
    ledger.append("test", actor="keeper")
    ledger.sign_head(tmp_path, "test")
    with heads.open("ab") as stream:
        stream.write(heads.read_bytes()[:80])  # the power went
    ledger.append("test", actor="keeper")
    ledger.sign_head(tmp_path, "test")
    assert len(heads.read_bytes().splitlines()) == 3
    report = ledger.verify_table(tmp_path, "test")
    assert (report.ok, report.anchors, report.anchors_met) == (True, 2, 2)
    assert [warning.code for warning in report.warnings] == [Code.ANCHOR_UNREADABLE]
    assert "line 2 of heads.jsonl" in report.warnings[0].message


@pytest.mark.django_db
@pytest.mark.parametrize("content", [None, b"", b"{\n"])
def test_heads_that_are_gone_are_told(tmp_path: Path, content: bytes | None) -> None:
    heads = ledger.kept_heads(tmp_path)
    assert not ledger.verify_table(tmp_path, "test").warnings  # nothing was done yet
    ledger.append("test", actor="keeper")
    ledger.sign_head(tmp_path, "test")
    heads.unlink()
    if content is not None:
        heads.write_bytes(content)
    for _ in range(2):  # looking does not make it good
        report = ledger.verify_table(tmp_path, "test")
        assert report.warnings[-1].code is Code.NO_ANCHORS
        assert "no heads are kept here" in report.sentences()[-1]


@pytest.mark.django_db
def test_only_the_newest_heads_are_compared_if_so_asked(tmp_path: Path) -> None:
    for _ in range(3):
        ledger.append("test", actor="keeper")
        ledger.sign_head(tmp_path, "test")
    assert ledger.verify_table(tmp_path, "test", newest=2).anchors_met == 2
