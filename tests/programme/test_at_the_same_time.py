"""Two who do something at the same moment, each in a transaction of their own."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection, transaction

from schoolkeeper.kernel.spec import Event
from schoolkeeper.programme.events import happened
from schoolkeeper.programme.models import Occurrence
from tests.programme.school import at, look_ahead, take
from tests.programme.test_events import STORE

NOON = at("2027-05-03 12:00")
SECOND = timedelta(seconds=1)


@contextmanager
def beside(work: Callable[[], object]) -> Iterator[None]:
    """Let another do this while the block goes on, until it waits for what the block has taken."""

    def other() -> None:
        try:
            work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            yield
            working = pool.submit(other)
            until_somebody_waits()
        working.result(timeout=30)


def until_somebody_waits() -> None:
    for _ in range(200):
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM pg_locks WHERE NOT granted")
            if cursor.rowcount:
                return
        time.sleep(0.05)
    pytest.fail("nobody waits for anything")


@pytest.mark.usefixtures("own_database")
def test_two_workers_hear_of_one_update_from_two_sources() -> None:
    take(more=STORE)
    look_ahead(NOON)

    def hear(seconds: int) -> int:
        return happened(Event.ERP_UPDATED, "north-college", NOON + seconds * SECOND, "to 2")

    with beside(lambda: hear(1)):
        assert hear(0) == 1
    assert Occurrence.objects.exclude(cause="").count() == 1
