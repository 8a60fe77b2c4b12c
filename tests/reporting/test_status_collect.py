"""What is read from the records, with real rows."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import DatabaseError, connection

from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.engine.models import Hold, Worker
from schoolkeeper.estate.care import find
from schoolkeeper.estate.models import SystemRecord
from schoolkeeper.kernel.errors import Invalid
from schoolkeeper.kernel.finding import Level
from schoolkeeper.kernel.spec import Cadence
from schoolkeeper.ledger import head, keys
from schoolkeeper.programme.order import due
from schoolkeeper.records import ledger
from schoolkeeper.records.models import LedgerEntry
from schoolkeeper.reporting.status import collect as collecting
from schoolkeeper.reporting.status.activities import Mark
from schoolkeeper.reporting.status.collect import collect

NOW = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 16, 19, 0, tzinfo=UTC)  # 17 November begins in Tashkent
SECOND = timedelta(seconds=1)


def ago(**fields: float) -> datetime:
    return NOW - timedelta(**fields)


def daily(slug: str) -> tuple[str, ...]:
    specs = [task.spec for task in catalogue().values()]
    return tuple(spec.id for spec in due(specs, Cadence.DAILY, find(slug)))


def test_runs_count_from_local_midnight(school) -> None:
    school.run("health.host", MIDNIGHT - SECOND)
    school.run("health.host", MIDNIGHT)
    school.run("health.host", NOW)
    assert collect(school.slug, "week", NOW).activities.runs == 2


def test_outcomes_are_told_apart(school) -> None:
    for outcome in ("ok", "nothing_to_do", "failed", "errored", "undone", "undo_failed", "unknown", "refused", ""):
        school.run("health.host", ago(hours=2), outcome, seconds=3)
    (task,) = collect(school.slug, "day", NOW).activities.tasks
    assert (task.runs, task.good, task.trouble, task.unknown, task.refused, task.unfinished) == (9, 2, 4, 1, 1, 1)
    assert (task.median_seconds, task.longest_seconds) == (3, 3)


def test_equal_troubles_are_counted_together_newest_first(school) -> None:
    for hours in (30, 20, 10):
        school.run("health.web", ago(hours=hours), "unknown", "connection refused")
    school.run("health.web", ago(hours=25), "failed", "a page is slow")
    first, second = collect(school.slug, "week", NOW).activities.trouble
    assert (first.reason, first.times, second.reason, second.times) == (
        "connection refused",
        3,
        "a page is slow",
        1,
    )


def test_gaps_are_the_days_without_the_daily_programme(school) -> None:
    tasks = daily(school.slug)
    for day in (6, 5, 3):
        school.day(ago(days=day), tasks)
    days = {day.day: day for day in collect(school.slug, "week", NOW).activities.days}
    empty = [day for day, seen in days.items() if seen.is_empty]
    assert empty == [date(2026, 11, 19), date(2026, 11, 21), date(2026, 11, 22)]
    assert {mark for _, mark in days[date(2026, 11, 23)].marks} == {Mark.TO_COME}


def test_days_before_care_began_are_no_gaps(take_into_care: Callable) -> None:
    school = take_into_care("new-college")
    SystemRecord.objects.filter(slug=school.slug).update(applied_at=ago(days=1))
    marks = [mark for day in collect(school.slug, "week", NOW).activities.days for _, mark in day.marks[:1]]
    assert marks == [Mark.BEFORE] * 5 + [Mark.MISSING, Mark.TO_COME]


def test_the_last_run_of_a_day_marks_it(school) -> None:
    task = daily(school.slug)[0]
    school.run(task, ago(days=1, hours=2), "unknown")
    school.run(task, ago(days=1, hours=1))
    days = {day.day: dict(day.marks) for day in collect(school.slug, "week", NOW).activities.days}
    assert days[date(2026, 11, 22)][catalogue()[task].spec.title] is Mark.GOOD


def test_a_25_hour_day_is_one_day(take_into_care: Callable) -> None:
    school = take_into_care("berlin", timezone="Europe/Berlin")
    task = daily(school.slug)[0]
    for text in ("2026-10-24T22:00", "2026-10-25T22:59"):  # the first and the last minute of 25 October
        school.run(task, datetime.fromisoformat(text).replace(tzinfo=UTC))
    status = collect(school.slug, "day", datetime(2026, 10, 25, 22, 59, 30, tzinfo=UTC))
    assert status.activities.runs == 2
    assert [dict(day.marks)[catalogue()[task].spec.title] for day in status.activities.days] == [Mark.GOOD]


def test_nothing_looked_at_is_unknown(school) -> None:
    condition = collect(school.slug, "week", NOW).condition
    assert condition.level is Level.UNKNOWN
    assert condition.never_looked
    assert {part.level for part in condition.components} == {Level.UNKNOWN}


def test_all_checks_fresh_and_quiet_is_well(school) -> None:
    school.day(ago(hours=3), daily(school.slug))
    assert collect(school.slug, "week", NOW).condition.level is Level.OK


@pytest.mark.parametrize("outcome", ["unknown", "refused", "errored"])
def test_a_run_that_did_not_look_makes_nothing_green(school, outcome: str) -> None:
    school.day(ago(hours=3), daily(school.slug), outcome=outcome)
    assert collect(school.slug, "week", NOW).condition.level is Level.UNKNOWN


def test_an_old_answer_says_nothing_about_now(school) -> None:
    school.day(ago(hours=27), daily(school.slug))
    condition = collect(school.slug, "week", NOW).condition
    assert condition.level is Level.UNKNOWN
    assert len(condition.stale) == len(daily(school.slug))


def test_holds_workers_and_versions(school) -> None:
    run = school.run("database.analyze", ago(hours=3), "undo_failed", "no")
    school.run("health.web", ago(hours=2), facts_before={"version": "1.1"})
    school.run("health.database", ago(hours=2), facts_before={"server": {"version": "15.8"}})
    school.run("health.database", ago(hours=1), facts_before={"server": "of an older form"})
    Hold.objects.create(system=school.slug, run=run, since=ago(hours=3))
    Worker.objects.create(id="main", host="k1", pid=1, started_at=ago(days=1), heartbeat_at=ago(seconds=3))
    Worker.objects.create(id="dead", host="k1", pid=2, started_at=ago(days=1), heartbeat_at=ago(seconds=30))
    condition = collect(school.slug, "week", NOW).condition
    assert [hold.run for hold in condition.holds] == [run.pk]
    assert condition.workers == ("main on k1",)
    assert [(version.of, version.version) for version in condition.versions] == [("application", "1.1")]


def test_findings_as_of_the_report(school) -> None:
    run = school.run("health.host", ago(days=3), "failed")

    def seen(
        subject: str, first: datetime, resolved: datetime | None = None, level: Level = Level.WARNING
    ) -> None:
        school.finding(run, "health.host.disk_space", level, "full", first, subject=subject, resolved_at=resolved)

    seen("/long-ago", ago(days=30), ago(days=20))
    seen("/old", ago(days=30), ago(days=2))
    seen("/new", ago(days=4), ago(days=1))
    seen("/open", ago(days=9), level=Level.ERROR)
    seen("/later", ago(days=1), NOW + timedelta(hours=1))
    seen("/future", NOW + timedelta(hours=1))
    issues = collect(school.slug, "week", NOW).issues
    assert [issue.subject for issue in issues.opened] == ["/new", "/later"]
    assert {issue.subject: issue.took for issue in issues.resolved} == {
        "/old": timedelta(days=28),
        "/new": timedelta(days=3),
    }
    assert [issue.subject for issue in issues.open] == ["/open", "/later"]


def test_silenced_findings_do_not_make_a_system_unwell(school) -> None:
    run = school.day(ago(hours=3), daily(school.slug))[0]
    for subject in ("/", "/srv"):
        school.finding(run, "health.host.disk_space", Level.ERROR, "full", ago(days=4), subject=subject)
    school.silence("health.host.disk_space", NOW + timedelta(days=1), ago(days=1), subject="/")
    school.silence("health.host.disk_space", ago(hours=1), ago(days=2), subject="/srv")
    status = collect(school.slug, "week", NOW)
    assert [issue.subject for issue in status.issues.speaking] == ["/srv"]
    assert [(one.subject, one.by, one.open_findings) for one in status.issues.silenced] == [("/", "Dilnoza", 1)]
    assert status.condition.level is Level.ERROR


def test_last_proven_backup_is_as_old_as_its_data(school) -> None:
    made = school.run("backup.create", ago(hours=20), seconds=3600)
    proved = school.run("backup.drill", ago(hours=2))
    school.evidence(made, "backup-set", "a", ago(hours=19), taken_at=ago(hours=19.5).isoformat())
    school.evidence(proved, "proof", "a", ago(hours=2), seconds=11.5, rows=7)
    backups = collect(school.slug, "day", NOW).backups
    assert (backups.proven_set, backups.age, backups.within_rpo) == ("a", timedelta(hours=19.5), True)
    assert [(proof.seconds, proof.rows, proof.files) for proof in backups.proofs] == [(11.5, 7, None)]


def test_without_a_word_on_when_it_was_taken_the_start_of_its_run_counts(school) -> None:
    made = school.run("backup.create", ago(hours=20), seconds=3600)
    school.evidence(made, "backup-set", "a", ago(hours=19))
    school.evidence(school.run("backup.drill", ago(hours=2)), "proof", "a", ago(hours=2))
    assert collect(school.slug, "day", NOW).backups.age == timedelta(hours=20)


@pytest.mark.parametrize(("kind", "holds"), [("proof", False), ("backup-set", False)])
def test_a_later_word_takes_a_proof_back(school, kind: str, holds: bool) -> None:
    made = school.run("backup.create", ago(hours=9))
    school.evidence(made, "backup-set", "a", ago(hours=9))
    school.evidence(made, "proof", "a", ago(hours=8))
    school.evidence(school.run("backup.drill", ago(hours=7)), kind, "a", ago(hours=7), holds=holds)
    assert collect(school.slug, "day", NOW).backups.age is None


def test_a_proof_of_a_set_that_is_gone_helps_nobody(school) -> None:
    made = school.run("backup.create", ago(hours=9))
    for key, hours in (("a", 9), ("b", 7)):
        school.evidence(made, "backup-set", key, ago(hours=hours))
        school.evidence(made, "proof", key, ago(hours=hours - 1))
    school.evidence(made, "verification", "backups", ago(hours=3), holds=False, gone=["b"])
    assert collect(school.slug, "day", NOW).backups.proven_set == "a"


def test_an_unproven_newer_set_does_not_count(school) -> None:
    for key, hours in (("old", 40), ("new", 2)):
        school.evidence(school.run("backup.create", ago(hours=hours)), "backup-set", key, ago(hours=hours))
    school.evidence(school.run("backup.drill", ago(hours=1)), "proof", "old", ago(hours=1))
    backups = collect(school.slug, "week", NOW).backups
    assert (backups.proven_set, backups.within_rpo) == ("old", False)


def test_spread_and_change_of_a_series(school) -> None:
    for hours, value in enumerate((10, 20, 60)):
        school.measure("web.latency_ms", ago(hours=hours), value, "sign-in")
        school.measure("web.latency_ms", ago(days=7, hours=hours), 10, "sign-in")
    latency = next(one for one in collect(school.slug, "week", NOW).performance if one.series)
    (series,) = latency.series
    assert (series.now.lowest, series.now.median, series.now.highest, series.now.count) == (10, 20, 60, 3)
    assert series.before is not None
    assert series.before.median == 10
    assert sum(1 for _ in series.points) >= 2


def test_others_are_left_out(school, take_into_care: Callable) -> None:
    other = take_into_care("other-college")
    other.busy(1)
    other.finding(other.run("health.host", ago(hours=1)), "health.host.cpu", Level.ERROR, "busy", ago(hours=1))
    status = collect(school.slug, "week", NOW)
    assert (status.activities.runs, status.issues.open, status.backups.sets) == (0, (), ())
    assert not any(one.series for one in status.performance)


def test_the_head_is_signed_as_of_the_report(school, settings) -> None:
    ledger.append("run.ended", actor="tests", at=ago(hours=1))
    signed = collect(school.slug, "day", NOW).head
    last = LedgerEntry.objects.order_by("-sequence").first()
    assert last is not None
    assert (signed.sequence, signed.digest, signed.at) == (last.sequence, last.digest, NOW)
    public = keys.PublicKey.of(keys.load_private(ledger.signing_key(settings.SCHOOLKEEPER_HOME)))
    assert head.check(signed, public)


def test_an_unknown_system_is_named(db: None) -> None:
    with pytest.raises(Invalid, match="nowhere"):
        collect("nowhere", "week", NOW)


def test_reading_is_one_view_and_read_only(django_db_setup: None, django_db_blocker) -> None:
    with django_db_blocker.unblock():
        try:
            with collecting.one_view(), connection.cursor() as cursor:
                cursor.execute("SHOW transaction_isolation")
                assert cursor.fetchone() == ("repeatable read",)
                with pytest.raises(DatabaseError, match="read-only"):
                    cursor.execute("DELETE FROM records_run")
        finally:
            connection.close()
