"""How golden rows are kept, and how pages are searched for them."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from schoolkeeper.connectors.rehearsal.golden import MOST_ROWS, golden_rows, page_fault, pages, shown
from schoolkeeper.kernel.errors import Permanent, Temporary
from schoolkeeper.profiles.model import Golden, Profile

GOLDEN = Golden(name="transcript", query="SELECT 1", path="/t/{id}/", contains=["{name}", "Average {average}"])
PROFILE = Profile(slug="x", title="X", golden=[GOLDEN])


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("Ada Lovelace", "<td>Ada\n  Lovelace</td>"),
        ("O'Brien & Sons", "O&#x27;Brien &amp; Sons"),
        ("O'Brien & Sons", "O&#039;Brien &#38; Sons"),
        ("O'Brien & Sons", "O&apos;Brien & Sons"),
        ("83.25", "<b>83.25</b>"),
        ("Zoë", "Zo&#235;"),
        ("Zoë", "Zo&#xEB;"),
        ("a+b (c)", "a+b (c)"),
        ("", "anything"),
    ],
)
def test_a_text_is_found_however_html_writes_it(text: str, page: str) -> None:
    assert re.search(shown(text), page)


def test_another_text_is_not_found() -> None:
    assert not re.search(shown("83.25"), "<b>83125</b>")
    assert not re.search(shown("Ada Lovelace"), "Ada Byron")


def test_rows_are_kept_as_json_keeps_them() -> None:
    row = {
        "id": 1,
        "average": Decimal("83.20"),
        "born": date(2010, 2, 3),
        "seen": datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        "key": UUID(int=5),
        "raw": b"\x00\xff",
        "share": 0.1,
        "nothing": None,
        "several": [Decimal("1.5"), {"a": date(2010, 1, 1)}],
    }
    saved = golden_rows(lambda _: [row], PROFILE)
    assert json.loads(json.dumps(saved)) == saved
    assert saved["transcript"][0]["average"] == "83.20"
    assert saved["transcript"][0]["several"] == ["1.5", {"a": "2010-01-01"}]


def test_no_more_than_a_few_rows_are_kept() -> None:
    assert len(golden_rows(lambda _: [{"id": 1}] * 1000, PROFILE)["transcript"]) == MOST_ROWS


def test_a_query_that_fails_is_left_out_and_a_passing_failure_is_passed_on() -> None:
    def fails(_: str) -> Sequence[Mapping[str, Any]]:
        raise Permanent("no such table")

    def not_now(_: str) -> Sequence[Mapping[str, Any]]:
        raise Temporary("a lock")

    assert golden_rows(fails, PROFILE) == {}
    with pytest.raises(Temporary):
        golden_rows(not_now, PROFILE)


def test_a_page_for_each_row_with_what_it_must_show() -> None:
    saved = {"transcript": [{"id": "a/b", "name": "Ada", "average": "83.25"}]}
    (page,) = pages(GOLDEN, saved)
    assert (page.name, page.path) == ("transcript 1", "/t/a%2Fb/")
    assert list(page.capture) == ["{name}", "Average {average}"]
    assert re.search(page.capture["Average {average}"], "Average\n83.25")


def test_a_fault_names_columns_and_no_values() -> None:
    fault = page_fault("transcript 1", "the page has nothing to take 'Average {average}' from")
    assert (fault.code, fault.found) == ("golden_differs", "it does not show Average {average}")
