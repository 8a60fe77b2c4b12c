import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from schoolkeeper.catalogue.load.activity.counting import Hours
from schoolkeeper.catalogue.load.activity.facts import ActivityFacts, ActivityOptions, SourceFacts
from schoolkeeper.catalogue.load.activity.task import Activity
from schoolkeeper.profiles.model import LogFormat, Profile, Queries
from schoolkeeper.testing import Conformance, Subject
from schoolkeeper.testing.arrange import content_of, system_on
from schoolkeeper.testing.conformance import NOON

ACCESS = LogFormat(
    kind="access",
    line=r'\S+ \S+ (?P<user>\S+) \[(?P<time>[^\]]+)\] "\S+ (?P<path>\S+) [^"]*" (?P<status>\d{3})',
    time_format="%d/%b/%Y:%H:%M:%S %z",
)
QUERY = "SELECT date_bin('15 minutes', at, 'epoch') AS hour, count(*) AS actions FROM entered GROUP BY 1"
PROFILE = Profile(slug="test", title="Test ERP", logs={"access": ACCESS}, queries=Queries(activity=QUERY))
MONDAY = NOON.replace(hour=0)  # 2 March 2026
FOUR_WEEKS = 28


def line(at: datetime, user: str = "anna") -> str:
    return f'10.0.0.1 - {user} [{at:%d/%b/%Y:%H:%M:%S} +0000] "GET /grades HTTP/1.1" 200 99\n'


def log_of(days: int) -> str:
    """Three requests at 10:00 and one at 22:00 UTC each day, and a monitor that comes every hour."""
    text = []
    for day in range(days, -1, -1):
        begin = MONDAY - timedelta(days=day)
        text += [line(begin + timedelta(hours=hour, minutes=1), "-") for hour in range(24)]
        text += [line(begin + timedelta(hours=10, minutes=minute)) for minute in (5, 25, 45)]
        text.append(line(begin + timedelta(hours=22)))
    return "".join(text)


@pytest.fixture
def subject(database: str, tmp_path: Path) -> Subject:
    return subject_on(database, tmp_path, log_of(FOUR_WEEKS))


def subject_on(database: str, folder: Path, log: str, **more: Any) -> Subject:
    """A database in which people entered something at 09:50 UTC on each Monday, and an access log."""
    (folder / "access.log").write_text(log)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE TABLE entered AS SELECT %s::timestamptz - n * interval '1 week' AS at "
                           "FROM generate_series(0, 10) AS n", [MONDAY.replace(hour=9, minute=50)])  # fmt: skip
    where = system_on(
        folder,
        database=database,
        components={"logs": {"kind": "logs", "sources": {"access": folder / "access.log"}}},
        unreachable={"logs": {"kind": "logs", "sources": {"access": folder / "gone.log"}}},
        profile=PROFILE,
    )
    return Subject(
        task=Activity(),
        options=ActivityOptions(**more),
        home=folder,
        fingerprint=lambda: (
            content_of(database) + hashlib.sha256((folder / "access.log").read_bytes()).hexdigest()
        ),
        **where,
    )


def by_name(subject: Subject) -> dict[str, SourceFacts]:
    facts = subject.assess()
    assert isinstance(facts, ActivityFacts)
    return {source.name: source for source in facts.sources}


def judged(subject: Subject) -> list[tuple[str, str, str]]:
    findings = subject.task.judge(subject.assess(), subject.options)
    return [(found.code, found.level.name, found.subject) for found in findings]


class TestConformance(Conformance):
    @pytest.fixture
    def subject(self, subject: Subject) -> Subject:
        return subject


def test_people_are_counted_by_hour_and_monitors_are_not(subject: Subject) -> None:
    found = by_name(subject)
    access = found["access"]
    assert (access.signed_in_only, access.actions, access.rejected) == (True, FOUR_WEEKS * 4 + 3, 0)
    assert all(day[10] == 3 and day[22] == 1 for day in access.per_hour)
    assert sum(map(sum, access.per_hour)) == 7 * 4
    assert access.weeks == pytest.approx(4, abs=0.1)
    entries = found["database"]
    assert (entries.actions, entries.weeks) == (8, 8)
    assert entries.per_hour[0][9] == 1
    assert sum(map(sum, entries.per_hour)) == 1
    assert judged(subject) == []


def test_hours_are_those_of_the_systems_clock(database: str, tmp_path: Path) -> None:
    subject = subject_on(database, tmp_path, log_of(FOUR_WEEKS))
    for zone, hour, weekday in (("Asia/Kolkata", 15, 0), ("Pacific/Auckland", 22, 0), ("America/New_York", 4, 0)):
        subject.system = subject.system.model_copy(update={"timezone": zone})
        found = by_name(subject)
        assert found["database"].per_hour[weekday][hour] == 1
        assert sum(map(sum, found["database"].per_hour)) == 1


def test_where_nobody_is_named_everybody_counts(database: str, tmp_path: Path) -> None:
    access = by_name(subject_on(database, tmp_path, log_of(FOUR_WEEKS).replace("anna", "-")))["access"]
    assert (access.signed_in_only, access.actions) == (False, FOUR_WEEKS * 28 + 12 + 3)


def test_lines_that_are_not_understood_are_counted_and_told(database: str, tmp_path: Path) -> None:
    subject = subject_on(database, tmp_path, log_of(FOUR_WEEKS) + "who wrote this?\n" * 20)
    assert by_name(subject)["access"].rejected == 20
    assert judged(subject) == [("load.activity.rejected_lines", "WARNING", "access")]


def test_too_few_weeks_say_nothing(database: str, tmp_path: Path) -> None:
    subject = subject_on(database, tmp_path, log_of(9), least_weeks=15, weeks=20)
    assert judged(subject) == [("load.activity.unknown", "UNKNOWN", "")]


def test_one_source_that_cannot_be_read_hides_nothing_of_the_other(subject: Subject, tmp_path: Path) -> None:
    (tmp_path / "access.log").unlink()
    assert judged(subject) == [("load.activity.unknown", "UNKNOWN", "access")]
    assert list(by_name(subject)) == ["database"]


def test_an_hour_that_a_clock_change_skips_or_doubles_is_counted_fairly() -> None:
    """On 29 March 2026 Berlin has no 02:00; the mean is over the hours that there were."""
    hours = Hours("Europe/Berlin")
    begin, end = datetime(2026, 3, 22, 22, tzinfo=UTC), datetime(2026, 4, 5, 22, tzinfo=UTC)
    moment = begin
    while moment < end:
        hours.add(moment.timestamp())
        moment += timedelta(hours=1)
    week = hours.per_hour(begin.timestamp(), end.timestamp())
    assert {value for day in week for value in day} == {1.0}
