"""Two who do something at the same moment, each in a transaction of their own."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction

from schoolkeeper.kernel.spec import Event
from schoolkeeper.programme import duties
from schoolkeeper.programme.events import happened
from schoolkeeper.programme.models import Occurrence
from schoolkeeper.programme.scheduler.waiving import waive
from schoolkeeper.programme.signing import Answer, sign_off
from schoolkeeper.records import ledger
from schoolkeeper.records.models import FindingRecord
from tests.programme.school import at, look_ahead, take, turn
from tests.programme.test_events import STORE

pytestmark = pytest.mark.usefixtures("own_database")
NOON = at("2027-05-03 12:00")
SECOND = timedelta(seconds=1)


def meanwhile(
    work: Callable[[], object], first: Callable[[], object], then: Callable[[], object] = lambda: None
) -> None:
    """Do `first` and `then` in one transaction; between them another begins with `work`, and has to wait."""

    def other() -> None:
        try:
            work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first()
            working = pool.submit(other)
            until_somebody_waits()
            then()
        working.result(timeout=60)


def until_somebody_waits() -> None:
    for _ in range(1200):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.rowcount:
                return
        time.sleep(0.05)
    pytest.fail("nobody waits for anything")


def test_two_workers_hear_of_one_update_from_two_sources() -> None:
    take(more=STORE)
    look_ahead(NOON)

    def hear(seconds: int) -> int:
        return happened(Event.ERP_UPDATED, "north-college", NOON + seconds * SECOND, "to 2")

    meanwhile(lambda: hear(1), first=lambda: hear(0))
    assert Occurrence.objects.exclude(cause="").count() == 1


class TestAFindingAndTheLedger:
    """A run that ends takes the finding and then the ledger: whoever took the ledger first would wait for it, and
    it for them."""

    DUTY = "duty.findings_review"

    @pytest.fixture
    def missed(self, own_database: None) -> Occurrence:
        take()
        look_ahead(NOON)
        first = Occurrence.objects.filter(entry__task=self.DUTY).order_by("due_at")[0]
        Occurrence.objects.exclude(pk=first.pk).delete()
        turn(first.missed_at)
        return first

    def while_a_run_ends(self, work: Callable[[], object]) -> None:
        meanwhile(
            work,
            first=lambda: FindingRecord.objects.update(times_seen=9),
            then=lambda: ledger.append("run.ended", actor="run 1"),
        )
        assert FindingRecord.objects.get().resolved_at is not None

    def test_it_is_waived(self, missed: Occurrence) -> None:
        self.while_a_run_ends(lambda: waive(missed.pk, by="amir", reason="holidays", now=missed.missed_at))

    def test_it_is_signed_off(self, missed: Occurrence) -> None:
        duty = duties.find(self.DUTY)
        assert duty is not None
        answers = [Answer(item, True) for item in duty.checklist]
        self.while_a_run_ends(lambda: sign_off(missed.pk, answers, by="amir", has_role=True, now=missed.missed_at))


def test_two_people_waive_the_last_two_that_were_missed(own_database: None) -> None:
    take()
    look_ahead(NOON)
    rows = Occurrence.objects.filter(entry__task="duty.findings_review").order_by("due_at")[:2]
    one, other = rows
    Occurrence.objects.exclude(pk__in=[one.pk, other.pk]).delete()
    turn(other.missed_at)
    meanwhile(
        lambda: waive(one.pk, by="amir", reason="holidays", now=other.missed_at),
        first=lambda: waive(other.pk, by="bibi", reason="holidays", now=other.missed_at),
    )
    assert FindingRecord.objects.get().resolved_at is not None
