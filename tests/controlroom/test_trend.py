"""What stands in each stretch of the trend: times in, ages and proofs out."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from schoolkeeper.controlroom.queries.backups import ProofRow
from schoolkeeper.controlroom.queries.trend import Trend, oldest_by_stretch, stretches, telling
from schoolkeeper.controlroom.recovery_charts import age_chart, restore_chart
from schoolkeeper.reporting.proof.reading import read

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAYS = stretches(NOW, ZoneInfo("UTC"), 1, 4)


def proof(at: datetime, seconds: float, *, holds: bool = True) -> ProofRow:
    data = {"phases": [{"name": "restore", "seconds": seconds}, {"name": "compare", "seconds": 5}]}
    return ProofRow(1, at, holds, "", 1, read({**data, "recovery_seconds": seconds, "seconds": seconds + 5}))


def test_stretches_are_whole_days_where_the_system_is() -> None:
    tashkent = stretches(datetime(2026, 11, 23, 20, 0, tzinfo=UTC), ZoneInfo("Asia/Tashkent"), 1, 2)
    assert [stretch.day for stretch in tashkent] == [date(2026, 11, 23), date(2026, 11, 24)]
    assert tashkent[1].start == datetime(2026, 11, 23, 19, 0, tzinfo=UTC)
    weeks = stretches(NOW, ZoneInfo("UTC"), 7, 2)
    assert [stretch.day for stretch in weeks] == [date(2026, 11, 10), date(2026, 11, 17)]


def test_before_the_first_backup_there_is_a_gap() -> None:
    taken = [NOW - 30 * HOUR]  # the day before, at six
    assert oldest_by_stretch(taken, DAYS, NOW) == [None, None, 18 * HOUR, 30 * HOUR]
    assert oldest_by_stretch([], DAYS, NOW) == [None] * 4


def test_the_worst_moment_of_a_day_is_just_before_the_next_backup() -> None:
    taken = [DAYS[0].start - 20 * HOUR, DAYS[0].start + 9 * HOUR, DAYS[3].start + 1 * HOUR]
    assert oldest_by_stretch(taken, DAYS, NOW) == [29 * HOUR, 39 * HOUR, 63 * HOUR, 64 * HOUR]


def test_of_a_day_the_proof_that_failed_is_shown_then_the_slowest() -> None:
    first, slow, failed = (
        proof(DAYS[1].start + HOUR, 10),
        proof(DAYS[1].start + 2 * HOUR, 30),
        proof(DAYS[2].start, 5, holds=False),
    )
    good = proof(DAYS[2].start + HOUR, 60)
    assert telling([first, slow, failed, good], DAYS) == [None, slow, failed, None]


def test_a_target_far_above_the_bars_is_told_in_words_alone() -> None:
    trend = Trend(DAYS, [None, proof(NOW, 30), None, proof(NOW, 60, holds=False)], [None] * 4)
    near, far = restore_chart(trend, timedelta(seconds=90)), restore_chart(trend, 4 * HOUR)
    assert near is not None
    assert far is not None
    assert "Target (RTO)" in near.data
    assert "Target (RTO)" not in far.data
    assert "the target is 4 h" in far.told
    assert '"Did not restore"' in near.data
    assert '"data": [null, 30.0, null, 60.0]' in near.data


def test_without_anything_known_there_is_no_chart() -> None:
    nothing = Trend(DAYS, [None] * 4, [None] * 4)
    assert restore_chart(nothing, HOUR) is None
    assert age_chart(nothing, HOUR, "day") is None
    quiet = age_chart(Trend(DAYS, [None] * 4, [None, HOUR, HOUR, HOUR]), HOUR, "day")
    assert quiet is not None
    assert quiet.told == "At worst 1 h; never over the target of 1 h in 3 days."
