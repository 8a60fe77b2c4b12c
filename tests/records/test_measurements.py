"""Keeping numbers: once for each run and series, whatever the subject."""

from datetime import UTC, datetime, timedelta

import pytest

from schoolkeeper.kernel.measurement import Measurement
from schoolkeeper.records import measurements
from schoolkeeper.records.models import LatestMeasurement, MeasurementRecord, Run

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def a_run(asked: datetime = NOON) -> Run:
    return Run.objects.create(
        system="north", task="test.task", spec_version=1, requested_by="test", occasion="test", requested_at=asked
    )


def kept() -> list[tuple[str, str, float]]:
    return list(MeasurementRecord.objects.order_by("pk").values_list("name", "subject", "value"))


def test_a_repeat_at_another_time_adds_nothing() -> None:
    run = a_run()
    measurements.keep(run, [Measurement("a_count", 1)], NOON)
    measurements.keep(run, [Measurement("a_count", 2)], NOON + timedelta(seconds=1))
    assert kept() == [("a_count", "", 1.0)]
    assert LatestMeasurement.objects.get().at == NOON


def test_a_repeat_adds_the_series_that_were_not_there() -> None:
    run = a_run()
    measurements.keep(run, [Measurement("a_count", 1, "x")], NOON)
    measurements.keep(run, [Measurement("a_count", 1, "x"), Measurement("a_count", 2, "y")], NOON)
    assert kept() == [("a_count", "x", 1.0), ("a_count", "y", 2.0)]


def test_another_run_at_the_same_time_is_kept() -> None:
    for value in (1, 2):
        measurements.keep(a_run(), [Measurement("a_count", value)], NOON)
    assert [value for _, _, value in kept()] == [1.0, 2.0]
    assert measurements.latest("north")["a_count", ""].value == 2.0


def test_long_subjects_stay_different() -> None:
    run, long = a_run(), "x" * measurements.LONGEST_SUBJECT
    numbers = [
        Measurement("a_count", 1, long),
        Measurement("a_count", 2, long + "1"),
        Measurement("a_count", 3, long + "2"),
    ]
    for _ in range(2):
        measurements.keep(run, numbers, NOON)
    subjects = [subject for _, subject, _ in kept()]
    assert len(set(subjects)) == len(subjects) == 3
    assert subjects[0] == long
    assert {len(subject) for subject in subjects} == {measurements.LONGEST_SUBJECT}
