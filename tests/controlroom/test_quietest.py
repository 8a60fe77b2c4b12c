"""The quietest hours of a system: shown with their numbers, and chosen by who may plan."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from schoolkeeper.calendars.models import WindowSeries
from schoolkeeper.controlroom.queries.quietest import EVEN_PERCENT, band_of
from tests.controlroom import believable_activity
from tests.controlroom.test_actions import ledger_of

pytestmark = pytest.mark.django_db


def page_of(browser: Client, system: str, **query: str) -> str:
    return browser.get(reverse("admin:quietest", args=[system]), query).content.decode()


def test_what_nobody_counted_is_unknown_and_never_quiet(cast: Mapping[str, Client], system: str) -> None:
    text = page_of(cast["viewer"], system)
    assert "nobody knows" in text
    assert "There has been none since" in text
    assert "Proposed windows" not in text
    assert reverse("admin:ask", args=[system, "load.activity"]) not in text
    assert reverse("admin:ask", args=[system, "load.activity"]) in page_of(cast["keeper"], system)


def test_a_count_that_says_too_little_tells_what_there_is(
    cast: Mapping[str, Client], system: str, now: datetime
) -> None:
    run = believable_activity.count(system, now, weeks=1.0)
    text = page_of(cast["viewer"], system)
    assert "No source covers 2 weeks" in text
    assert f"run {run.pk}" in text
    assert "in 1.0 weeks" in text
    believable_activity.count(system, now - timedelta(days=40))
    assert "It was last counted at" in page_of(cast["viewer"], system)


def test_the_map_has_a_number_in_each_hour_and_words_for_each_colour(
    cast: Mapping[str, Client], system: str, now: datetime
) -> None:
    believable_activity.count(system, now)
    text = page_of(cast["viewer"], system, minutes="60")
    cells = re.findall(r'<td role="cell" class="sk-heat-(\d)[^>]*>([0-9.]+)', text)
    assert len(cells) == 7 * 24
    assert sum(float(percent) for _, percent in cells) == pytest.approx(100, abs=4)
    for said in ("nobody at all", "more than that", "of people who were signed in", "3 lines were not understood"):
        assert said in text
    assert text.count('<span class="sr-only"> proposed</span>') == 7
    assert "Choose…" not in text


def test_bands_begin_where_the_legend_says() -> None:
    assert [band_of(EVEN_PERCENT * times) for times in (0, 0.25, 0.26, 1, 1.01, 2, 2.01, 100)] == [
        0, 1, 2, 2, 3, 3, 4, 4,
    ]  # fmt: skip
    assert band_of(0.004) == 0  # what is shown as 0.0 does not look like something


@pytest.mark.parametrize("minutes", ["0", "1441", "-5", "soon", "99999"])
def test_a_length_that_is_no_part_of_a_day_is_told(
    minutes: str, cast: Mapping[str, Client], system: str, now: datetime
) -> None:
    believable_activity.count(system, now)
    assert "A length is from 5 to 1440 minutes" in page_of(cast["viewer"], system, minutes=minutes)


def test_a_keeper_chooses_and_the_reason_is_kept(cast: Mapping[str, Client], system: str, now: datetime) -> None:
    believable_activity.count(system, now)
    given = {"weekday": "6", "minutes": "120", "allows": "3", "title": "Sunday care", "says": "Save your work."}
    address = reverse("admin:quietest_choose", args=[system])
    assert cast["viewer"].post(address, given).status_code == 403
    answer = cast["keeper"].post(address, given)
    assert answer["Location"].startswith(reverse("admin:windows"))
    made = WindowSeries.objects.get()
    assert (made.title, made.rule, made.minutes, made.allows) == ("Sunday care", "FREQ=WEEKLY;BYDAY=SU", 120, 3)
    assert "% of a week's activity" in made.reason
    assert made.windows.count() >= 52
    assert [who for who, _, _ in ledger_of("window_series.planned")] == ["keeper"]
    assert "Windows that repeat already: Sunday care" in page_of(cast["viewer"], system)


@pytest.mark.parametrize(
    "wrong", [{"weekday": ""}, {"minutes": "x"}, {"allows": "9"}, {"weekday": "7"}, {"title": " "}]
)
def test_what_was_not_proposed_is_not_chosen(
    wrong: Mapping[str, str], cast: Mapping[str, Client], system: str, now: datetime
) -> None:
    believable_activity.count(system, now)
    given = {"weekday": "6", "minutes": "120", "allows": "3", "title": "Care", **wrong}
    answer = cast["keeper"].post(reverse("admin:quietest_choose", args=[system]), given)
    assert answer["Location"].startswith(reverse("admin:quietest", args=[system]))
    assert not WindowSeries.objects.exists()
