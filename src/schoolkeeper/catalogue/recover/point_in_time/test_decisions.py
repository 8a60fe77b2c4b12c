"""The decisions, and times as people write them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from schoolkeeper.catalogue.recover.point_in_time.task import RecoverPointInTime
from schoolkeeper.connectors.local_time import read_time, shown
from schoolkeeper.kernel.errors import Invalid
from schoolkeeper.kernel.spec import IMPLICIT_FINDINGS
from schoolkeeper.testing import decisions

TASK = RecoverPointInTime()


@pytest.mark.parametrize("path", decisions.fixtures(TASK), ids=lambda path: path.stem)
def test_it_decides_as_the_file_says(path: Path) -> None:
    decisions.check(TASK, path)


def test_every_finding_is_decided_once_at_least() -> None:
    covered = {code for path in decisions.fixtures(TASK) for code in decisions.codes(path)}
    assert TASK.spec.codes - covered == {f"{TASK.spec.id}.{suffix}" for suffix in IMPLICIT_FINDINGS}


@pytest.mark.parametrize(
    ("text", "zone", "hour"),
    [
        ("2026-03-02T14:03:12+05:00", "UTC", 9),
        ("2026-03-02T14:03:12Z", "Asia/Tashkent", 14),
        ("2026-03-02 14:03:12", "Asia/Tashkent", 9),
        ("2026-10-25T02:30:00+01:00", "Europe/Berlin", 1),
        ("2026-10-25T03:00", "Europe/Berlin", 2),
        ("2026-10-25T01:59", "Europe/Berlin", 23),
        ("2026-03-29T01:59", "Europe/Berlin", 0),
        ("2026-03-29T03:00", "Europe/Berlin", 1),
    ],
)
def test_a_time_is_read(text: str, zone: str, hour: int) -> None:
    moment = read_time(text, zone)
    assert moment.hour == hour
    assert read_time(shown(moment, zone), "UTC") == moment


@pytest.mark.parametrize(
    ("text", "zone", "both"),
    [
        ("2026-10-25T02:00", "Europe/Berlin", ("2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00")),
        ("2026-10-25T02:59:59", "Europe/Berlin", ("2026-10-25T02:59:59+02:00", "2026-10-25T02:59:59+01:00")),
        ("2026-03-29T02:30", "Europe/Berlin", ("2026-03-29T03:30:00+02:00", "2026-03-29T01:30:00+01:00")),
        ("2026-04-05T01:45", "Australia/Lord_Howe", ("2026-04-05T01:45:00+11:00", "2026-04-05T01:45:00+10:30")),
        ("noon", "UTC", ("is no time",)),
    ],
)
def test_a_time_that_says_two_things_or_none_is_refused(text: str, zone: str, both: tuple[str, ...]) -> None:
    with pytest.raises(Invalid) as caught:
        read_time(text, zone)
    assert all(reading in str(caught.value) for reading in both)
    for reading in both[: len(both) if len(both) > 1 else 0]:
        assert read_time(reading, "UTC") < datetime(2027, 1, 1, tzinfo=UTC)
