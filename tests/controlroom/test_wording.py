"""How times, spans, sizes, outcomes and data are said."""

from datetime import UTC, datetime, timedelta

import pytest

from schoolkeeper.controlroom import wording
from schoolkeeper.controlroom.describe import describe
from schoolkeeper.kernel.finding import Level
from schoolkeeper.kernel.outcome import Outcome
from schoolkeeper.kernel.spec import Cadence, Risk, Undo
from schoolkeeper.records.models import Run, StepRecord

NOW = datetime(2026, 11, 23, 4, 32, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (3 * 3600 + 1700, "3 hours ago"),
        (26 * 3600, "1 day ago"),
        (40 * 86400, "1 month ago"),
        (800 * 86400, "2 years ago"),
        (-30, "in less than a minute"),
        (-2 * 86400, "in 2 days"),
    ],
)
def test_a_time_as_seen_from_now(seconds: int, said: str) -> None:
    assert wording.ago(NOW - timedelta(seconds=seconds), NOW) == said


def test_a_full_time_names_its_zone() -> None:
    assert wording.full(NOW, "Asia/Tashkent") == "Mon 23 Nov 2026, 09:32:10 (Asia/Tashkent)"


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.04, "0.0 s"), (9.96, "10.0 s"), (59, "59 s"), (200, "3 min 20 s"), (7200, "2 h")]
)
def test_a_span(seconds: float, said: str) -> None:
    assert wording.span(timedelta(seconds=seconds)) == said


def test_sizes_and_numbers_carry_units() -> None:
    assert wording.size(512) == "512 bytes"
    assert wording.size(18_400_000) == "17.5 MiB"
    assert wording.number(12.34, "%") == "12.3 %"
    assert wording.number(1234.5, "ms") == "1,234 ms"
    assert wording.number(2**30, "bytes") == "1.0 GiB"
    assert wording.plural(1, "entry", "entries") == "1 entry"
    assert wording.plural(1204, "table") == "1,204 tables"


def test_every_state_has_a_word_and_a_symbol() -> None:
    assert {outcome.value for outcome in Outcome} == wording.OUTCOMES.keys()
    assert {state.value for state in Run.State} - {"ended"} == wording.STATES.keys()
    assert {state.value for state in StepRecord.State} == wording.STEPS.keys()
    assert set(Level) == wording.LEVELS.keys() == wording.HEALTH.keys()
    assert set(Risk) == wording.RISKS.keys()
    assert set(Undo) == wording.UNDO.keys()
    assert {None, *Cadence} == wording.CADENCES.keys()
    words = [*wording.OUTCOMES.values(), *wording.LEVELS.values(), *wording.HEALTH.values()]
    assert all(word.text and word.symbol for word in words)


def test_a_look_that_finds_errors_did_not_fail() -> None:
    assert wording.run_word("ended", "failed", only_looks=True).text == "Faults found"
    assert wording.run_word("ended", "failed", only_looks=False).text == "Failed"
    assert wording.run_word("waiting", "", only_looks=False).text == "Waiting for approval"


def test_data_becomes_rows_that_can_be_read() -> None:
    rows = describe(
        {
            "size_bytes": 2048,
            "phases": {"restore_seconds": 9.4},
            "tables": 1204,
            "kept": True,
            "faults": ["one", "two"],
            "nothing": None,
            "empty": [],
        }
    )
    assert [(row.label, row.value) for row in rows] == [
        ("Size", "2.0 KiB"),
        ("Phases · Restore", "9.4 s"),
        ("Tables", "1,204"),
        ("Kept", "yes"),
        ("Faults", "2 entries"),
    ]
    assert rows[-1].items == ("one", "two")
    assert describe(None) == ()
