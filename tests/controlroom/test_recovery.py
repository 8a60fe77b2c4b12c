"""The way from "what happened?" to a run that shows its plan."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from schoolkeeper.catalogue.builtin import BUILTIN
from schoolkeeper.engine import knowledge
from schoolkeeper.records.models import Run
from tests.controlroom import believable
from tests.controlroom import believable_backups as made
from tests.controlroom.test_pages import text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("recoveries")]


def test_the_first_page_asks_in_plain_words(cast: Mapping[str, Client], system: str, now: datetime) -> None:
    text = text_of(cast["viewer"], "recover")
    for said in (
        "What happened?",
        "Entries were deleted or changed by mistake",
        "Nothing works any more, or the server is gone",
        "nobody knows how long it takes",
        "schoolkeeper rescue recover.system north-college.toml --option confirm=north-college",
    ):
        assert said in text
    made.prove(system, made.take(system, now), now, now)
    assert "The last rehearsal brought everything back in <strong>28 min 32 s" in text_of(
        cast["viewer"], "recover"
    )


def test_with_several_systems_one_is_chosen_first(cast: Mapping[str, Client], system: str, now: datetime) -> None:
    believable.take_into_care("lakeside-school", "Lakeside School ERP", now)
    assert "Say first which system" in text_of(cast["viewer"], "recover")
    assert "on Lakeside School ERP" in text_of(cast["viewer"], "recover", system="lakeside-school")
    assert cast["viewer"].get(reverse("admin:recover"), {"system": "none"}).status_code == 404


def test_only_what_the_catalogue_has_is_offered(
    cast: Mapping[str, Client], system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = tuple(task for task in BUILTIN if not task.spec.id.startswith("recover."))
    monkeypatch.setattr(knowledge, "BUILTIN", left)
    knowledge.catalogue.cache_clear()
    assert "no task that recovers anything" in text_of(cast["viewer"], "recover")
    assert cast["viewer"].get(reverse("admin:recover_choose", args=[system, "recover.rows"])).status_code == 404


def test_a_task_that_recovers_nothing_is_no_way_to_recover(cast: Mapping[str, Client], system: str) -> None:
    for task_id in ("backup.create", "recover.nothing"):
        assert cast["viewer"].get(reverse("admin:recover_choose", args=[system, task_id])).status_code == 404


def test_what_the_system_lacks_cannot_be_brought_back(cast: Mapping[str, Client], now: datetime) -> None:
    web = {"web": believable.COMPONENTS["web"]}
    believable.take_into_care("bare-school", "Bare School ERP", now, components=web)
    assert "has no part that this could bring back" in text_of(cast["viewer"], "recover")
    address = reverse("admin:recover_choose", args=["bare-school", "recover.rows"])
    assert cast["viewer"].get(address).status_code == 404


def test_the_newest_proven_backup_is_recommended(cast: Mapping[str, Client], system: str, now: datetime) -> None:
    assert "The records know no backup" in text_of(cast["keeper"], "recover_choose", system, "recover.rows")
    proven = made.take(system, now - timedelta(hours=30))
    made.prove(system, proven, now, now - timedelta(hours=20))
    untried = made.take(system, now - timedelta(hours=2))
    text = text_of(cast["keeper"], "recover_choose", system, "recover.rows")
    assert text.index(untried) < text.index(proven)
    assert text.index("newest that is proven") > text.index(f"set={proven}")
    assert "Never tried" in text
    text = text_of(cast["viewer"], "recover_choose", system, "recover.rows")
    assert "takes the role of a keeper" in text
    assert f"set={proven}" not in text


def test_a_run_is_asked_for_with_what_was_filled_in(
    cast: Mapping[str, Client], system: str, now: datetime
) -> None:
    key = made.take(system, now)
    address = reverse("admin:recover_ask", args=[system, "recover.rows"])
    assert "Nobody has tried yet whether this backup restores" in text_of(
        cast["keeper"], "recover_ask", system, "recover.rows", set=key
    )
    sent = {"set": key, "tables": "public.grade", "where": "section_id = 12", "what": "deleted"}
    answer = cast["keeper"].post(address, sent, follow=True)
    run = Run.objects.get(task="recover.rows")
    assert run.options == {"set": key, "tables": ["public.grade"], "where": "section_id = 12"}
    assert (run.requested_by, run.state) == ("keeper", "queued")
    assert b"It first looks and shows what it would do." in answer.content


def test_wrong_options_are_told_and_nothing_is_asked_for(
    cast: Mapping[str, Client], system: str, now: datetime
) -> None:
    key = made.take(system, now)
    address = reverse("admin:recover_ask", args=[system, "recover.rows"])
    answer = cast["keeper"].post(
        address, {"set": key, "tables": "a", "where": "1=1; DROP TABLE a", "what": "both"}
    )
    assert b"is not understood" in answer.content
    assert not Run.objects.filter(task="recover.rows").exists()


def test_replacing_a_system_takes_its_name_typed_by_hand(
    cast: Mapping[str, Client], system: str, now: datetime
) -> None:
    key = made.take(system, now)
    address = reverse("admin:recover_ask", args=[system, "recover.system"])
    assert "Type north-college" in text_of(cast["keeper"], "recover_ask", system, "recover.system", set=key)
    for typed in ("", "yes", "lakeside-school"):
        answer = cast["keeper"].post(address, {"set": key, "confirm": typed})
        assert b"This is not the name of the system" in answer.content
    assert not Run.objects.filter(task="recover.system").exists()
    cast["keeper"].post(address, {"set": key, "confirm": "north-college", "rename_aside": "on", "unproven": "on"})
    expected = {"set": key, "confirm": "north-college", "rename_aside": True, "unproven": True}
    assert Run.objects.get(task="recover.system").options == expected


def test_a_proven_backup_needs_no_word_that_it_is_unproven(
    cast: Mapping[str, Client], system: str, now: datetime
) -> None:
    key = made.take(system, now)
    ask = (cast["keeper"], "recover_ask", system, "recover.system")
    assert 'name="unproven"' in text_of(*ask, set=key)
    made.prove(system, key, now, now)
    assert 'name="unproven"' not in text_of(*ask, set=key)


def test_without_a_backup_that_is_known_one_is_chosen_first(cast: Mapping[str, Client], system: str) -> None:
    chosen = reverse("admin:recover_choose", args=[system, "recover.rows"])
    for query in ({}, {"set": "20200101T000000Z-00000000"}):
        answer = cast["keeper"].get(reverse("admin:recover_ask", args=[system, "recover.rows"]), query)
        assert answer["Location"] == chosen


@pytest.mark.parametrize("page", ["admin:recover_ask", "admin:ask"])
def test_what_would_work_on_the_records_themselves_is_refused_on_the_page(
    cast: Mapping[str, Client], system: str, now: datetime, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    key = made.take(system, now)
    own = connection.settings_dict
    at = f"{own['USER']}:{own['PASSWORD']}@{own['HOST']}:{own['PORT']}/{own['NAME']}"
    monkeypatch.setenv("ERP_DSN", f"postgresql://{at}")
    sent = {"set": key, "confirm": system, "tables": "public.grade", "where": "true", "what": "deleted"}
    answer = cast["keeper"].post(reverse(page, args=[system, "recover.rows"]), sent)
    assert b"schoolkeeper rescue recover.rows" in answer.content
    assert not Run.objects.filter(task="recover.rows").exists()
