from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from schoolkeeper.reporting.status import wording


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (None, "–"),
        (0.4, "0.4 s"),
        (12.4, "12 s"),
        (60, "1 min"),
        (timedelta(hours=3, minutes=20, seconds=5), "3 h 20 min"),
        (timedelta(days=1), "1 d"),
        (timedelta(days=12, hours=7), "12 d 7 h"),
    ],
)
def test_spans(length: Any, text: str) -> None:
    assert wording.span(length) == text


@pytest.mark.parametrize(
    ("size", "text"), [(None, "–"), (512, "512 bytes"), (1536, "1.5 KiB"), (2**41, "2.0 TiB")]
)
def test_sizes(size: float | None, text: str) -> None:
    assert wording.size(size) == text


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        (date(2026, 11, 23), date(2026, 11, 23), "23 Nov 2026"),
        (date(2026, 11, 17), date(2026, 11, 23), "17 – 23 Nov 2026"),
        (date(2026, 10, 24), date(2026, 11, 23), "24 Oct – 23 Nov 2026"),
        (date(2025, 12, 30), date(2026, 1, 5), "30 Dec 2025 – 5 Jan 2026"),
        (date(2025, 11, 24), date(2026, 11, 23), "24 Nov 2025 – 23 Nov 2026"),
    ],
)
def test_stretches_of_days(first: date, last: date, text: str) -> None:
    assert wording.days(first, last) == text


def test_moments_are_local_and_name_a_doubled_hour() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert (
        wording.moment(datetime(2026, 11, 23, 4, 30, tzinfo=UTC), ZoneInfo("Asia/Tashkent"))
        == "23 Nov 2026, 09:30"
    )
    assert wording.moment(datetime(2026, 10, 25, 1, 30, tzinfo=UTC), berlin) == "25 Oct 2026, 02:30 (CET)"
    assert wording.moment(datetime(2026, 3, 29, 1, 30, tzinfo=UTC), berlin) == "29 Mar 2026, 03:30"


def test_lists_and_counts() -> None:
    assert wording.listed([]) == ""
    assert wording.listed(["a"]) == "a"
    assert wording.listed(["a", "b", "c"]) == "a, b and c"
    assert (wording.count(1, "run"), wording.count(2000, "run")) == ("1 run", "2,000 runs")
