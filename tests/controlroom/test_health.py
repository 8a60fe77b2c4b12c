"""When a system is well, when it is not, and when nobody can say."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schoolkeeper.controlroom.health import LOOK_EVERY, health
from schoolkeeper.kernel.finding import Level
from schoolkeeper.kernel.spec import Cadence, Kind, Risk, Spec, Undo

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def watcher(name: str) -> Spec:
    return Spec(
        id=f"watch.{name}",
        version=1,
        title=f"Watch {name}",
        summary="Looks.",
        kind=Kind.PREVENTIVE,
        risk=Risk.READ_ONLY,
        undo=Undo.NOTHING_WRITTEN,
        reads=frozenset({"web"}),
        cadence=Cadence.DAILY,
        requirements=frozenset(),
        home=Path(),
    )


WEB, HOST = watcher("web"), watcher("host")
FRESH = {WEB.id: NOW - timedelta(hours=2), HOST.id: NOW - timedelta(hours=3)}


def test_nobody_looks_is_unknown() -> None:
    assert health({}, [], {}, NOW) == (Level.UNKNOWN, "No task of the catalogue watches this system.")


def test_nobody_has_looked_yet_is_unknown_not_well() -> None:
    assert health({}, [WEB, HOST], {}, NOW) == (Level.UNKNOWN, "Nobody has looked yet.")


def test_one_part_never_looked_at_is_unknown_and_named() -> None:
    level, why = health({}, [WEB, HOST], {WEB.id: NOW}, NOW)
    assert (level, why) == (Level.UNKNOWN, "Never looked: Watch host.")


def test_looked_at_too_long_ago_is_unknown() -> None:
    just_in_time = {**FRESH, HOST.id: NOW - LOOK_EVERY}
    assert health({}, [WEB, HOST], just_in_time, NOW)[0] is Level.OK
    too_late = {**FRESH, HOST.id: NOW - LOOK_EVERY - timedelta(seconds=1)}
    assert health({}, [WEB, HOST], too_late, NOW) == (Level.UNKNOWN, "Last looked 1 day ago: Watch host.")


def test_an_error_of_yesterday_does_not_hide_that_nobody_looks_today() -> None:
    assert health({Level.ERROR: 3}, [WEB], {WEB.id: NOW - timedelta(days=2)}, NOW) == (
        Level.ERROR,
        "3 open errors. Last looked 2 days ago: Watch web.",
    )


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({}, Level.OK),
        ({Level.INFO: 4}, Level.OK),
        ({Level.INFO: 4, Level.WARNING: 1}, Level.WARNING),
        ({Level.WARNING: 1, Level.ERROR: 2}, Level.ERROR),
        ({Level.ERROR: 2, Level.UNKNOWN: 1}, Level.ERROR),
        ({Level.WARNING: 2, Level.UNKNOWN: 1}, Level.UNKNOWN),
    ],
)
def test_the_worst_open_finding_decides(found: dict[Level, int], expected: Level) -> None:
    assert health(found, [WEB, HOST], FRESH, NOW)[0] is expected


def test_the_reason_counts() -> None:
    assert health({Level.ERROR: 2, Level.UNKNOWN: 1}, [WEB], FRESH, NOW)[1] == (
        "2 open errors. 1 thing could not be looked at."
    )
    assert health({Level.ERROR: 2}, [WEB], FRESH, NOW)[1] == "2 open errors."
    assert health({Level.UNKNOWN: 1}, [WEB], FRESH, NOW)[1] == "1 thing could not be looked at."
