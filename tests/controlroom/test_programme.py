"""What the pages of the programme say, and what people do there changes it under their names."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse

from schoolkeeper.controlroom.periods import period
from schoolkeeper.controlroom.queries.occurrences import STANDING, standing_of
from schoolkeeper.controlroom.queries.programme_year import year
from schoolkeeper.controlroom.queries.today import today
from schoolkeeper.programme import entries
from schoolkeeper.programme.models import Entry, Occurrence
from tests.controlroom import believable, believable_programme
from tests.controlroom.test_actions import ledger_of
from tests.controlroom.test_pages import text_of

pytestmark = pytest.mark.django_db
TASK = "database.analyze"
State = Occurrence.State


@pytest.fixture
def living(system: str, now: datetime) -> str:
    """A system whose programme has been followed for forty days."""
    believable_programme.live(system, now)
    return system


def form_of(entry: Entry, **other: object) -> dict[str, object]:
    """What a browser sends for an entry as it is, and what is otherwise."""
    given = {
        "often": entry.rule,
        "at": f"{entry.at:%H:%M}",
        "owner": entry.owner,
        "deputy": entry.deputy,
        "priority": entry.priority,
        "catch_up": entry.catch_up,
        "late_after": entry.late_after_minutes / 60,
        "missed_after": entry.missed_after_minutes / 60,
    }
    return {**given, **other}


def test_before_the_programme_is_made_the_page_says_so(cast: Mapping[str, Client], system: str) -> None:
    text = text_of(cast["viewer"], "system_programme", system)
    assert "The programme is not made yet" in text
    assert "Nothing is late." in text
    assert "nothing is due" in text_of(cast["viewer"], "index")


@pytest.mark.parametrize("view", ["today", "week", "month", "year", "nonsense"])
@pytest.mark.parametrize("how", ["", "list"])
def test_every_view_shows_freezes_and_windows(
    view: str, how: str, cast: Mapping[str, Client], living: str, now: datetime
) -> None:
    believable.take_into_care(living, "North College ERP", now, institution="North")
    believable_programme.times(now, living, "North")
    text = text_of(cast["viewer"], "system_programme", living, view=view, **{"as": how})
    assert "Enrolment" in text
    if view in ("week", "month", "year"):
        assert "Weekly maintenance" in text
    assert "FREQ=" not in text


def test_a_day_is_a_day_where_the_system_is(cast: Mapping[str, Client], system: str, now: datetime) -> None:
    believable.take_into_care(system, "North College ERP", now, timezone="Pacific/Auckland")
    believable_programme.begin(system, now)
    entries.change(system, TASK, {"rule": "FREQ=DAILY", "at": time(0, 30)}, by="keeper", now=now)
    text = text_of(cast["viewer"], "system_programme", system, day=f"{now + timedelta(days=40):%Y-%m-%d}")
    assert text.count(">00:30</time>") == 1


def test_what_is_late_and_missed_stands_first_with_the_reason_and_the_owner(
    cast: Mapping[str, Client], living: str, now: datetime
) -> None:
    believable_programme.miss(living, TASK, now, "freeze", "A freeze was in force.")
    late = believable_programme.due(living, "duty.system_audit", now - timedelta(hours=30))
    for page, place in (("system_programme", [living]), ("programme", [])):
        text = text_of(cast["viewer"], page, *place)
        assert "Because a freeze forbade it." in text
        assert "Owner: keeper, deputy approver" in text
        assert reverse("admin:occurrence", args=[late.pk]) in text
    overview = text_of(cast["viewer"], "index")
    assert "1 late" in overview
    finding = text_of(cast["viewer"], "findings")
    assert "Update database statistics: missed" in finding


def test_the_database_counts_as_the_page_does(living: str, now: datetime) -> None:
    missed = believable_programme.miss(living, TASK, now, "error", "It broke.")
    again = believable_programme.due(living, TASK, now - timedelta(minutes=1))
    Occurrence.objects.filter(pk=again.pk).update(state=State.LATE, ended_at=now)
    Occurrence.objects.filter(pk=missed.pk).update(caught_up_by=again)
    believable_programme.due(living, "health.web", now - timedelta(hours=5))
    entries.pause(living, "health.host", by="keeper", reason="moving")
    records = Occurrence.objects.filter(entry__system=living).select_related("entry", "caught_up_by")
    said = {one.pk: standing_of(one, now) for one in records}
    query = f"SELECT o.id, {STANDING} AS standing FROM programme_occurrence AS o JOIN programme_entry AS e ON "
    query += "e.id = o.entry_id LEFT JOIN programme_occurrence AS later ON later.id = o.caught_up_by_id"
    counted = {one.pk: one.standing for one in Occurrence.objects.raw(query, {"now": now})}
    assert counted == said
    assert {"coming", "overdue", "late", "made_good", "paused", "done"} <= set(said.values())


def test_what_has_been_late_since_days_is_for_today(living: str, now: datetime) -> None:
    before = today(now)[living]
    believable_programme.due(living, "duty.system_audit", now - timedelta(days=3))
    after = today(now)[living]
    assert (after.counts["overdue"], after.total) == (before.counts["overdue"] + 1, before.total + 1)
    assert today(now, "elsewhere") == {}


def test_a_year_counts_every_occurrence_once(living: str, now: datetime) -> None:
    shown = period("year", now.date(), ZoneInfo("Asia/Tashkent"))
    found = year(living, shown, [], now)
    inside = Occurrence.objects.filter(entry__system=living, due_at__gte=shown.begin, due_at__lt=shown.end)
    days = [day for month in found.months for week in month.weeks for day in week if day]
    assert len(days) in (365, 366)
    assert sum(day.total for day in days) == inside.count()
    assert sum(entry.total for month in found.lists for entry in month.entries) == inside.count()


def test_a_change_is_told_before_it_is_saved(cast: Mapping[str, Client], living: str) -> None:
    entry = Entry.objects.get(system=living, task=TASK)
    address = reverse("admin:entry", args=[living, TASK])
    given = form_of(entry, often="FREQ=WEEKLY;BYDAY=SA", at="03:30", owner="keeper")
    text = cast["keeper"].post(address, given).content.decode()
    assert "what moves" in text
    assert "Every day → <strong>Every week on Saturday</strong>" in text
    entry.refresh_from_db()
    assert entry.rule == "FREQ=DAILY"
    stamp = text.partition('name="confirmed" value="')[2].partition('"')[0]
    other = cast["keeper"].post(address, {**given, "often": "FREQ=WEEKLY;BYDAY=SU", "confirmed": stamp})
    assert b"what moves" in other.content, "what was not told is not saved"
    assert cast["keeper"].post(address, {**given, "confirmed": stamp}).status_code == 302
    entry.refresh_from_db()
    assert (entry.rule, entry.at, entry.owner) == ("FREQ=WEEKLY;BYDAY=SA", time(3, 30), "keeper")
    assert ledger_of("programme.changed") == [("keeper", living, TASK)]
    assert sorted(entry.changed) == ["at", "owner", "rule"]


def test_back_to_what_is_usual(cast: Mapping[str, Client], living: str, now: datetime) -> None:
    entries.change(living, TASK, {"rule": "FREQ=HOURLY", "owner": "keeper"}, by="keeper", now=now)
    address = reverse("admin:entry", args=[living, TASK])
    text = cast["keeper"].post(address, {"do": "usual"}).content.decode()
    stamp = text.partition('name="confirmed" value="')[2].partition('"')[0]
    assert "Every hour → <strong>Every day</strong>" in text
    cast["keeper"].post(address, {"do": "usual", "confirmed": stamp})
    entry = Entry.objects.get(system=living, task=TASK)
    assert (entry.rule, entry.owner, entry.changed) == ("FREQ=DAILY", "", [])


def test_what_moves_nothing_is_saved_at_once(cast: Mapping[str, Client], living: str) -> None:
    entry = Entry.objects.get(system=living, task=TASK)
    given = form_of(entry, deputy="viewer", priority=10, **{"option-changed_rows": 7})
    answer = cast["keeper"].post(reverse("admin:entry", args=[living, TASK]), given)
    assert answer.status_code == 302
    entry.refresh_from_db()
    assert (entry.deputy, entry.priority, entry.options) == ("viewer", 10, {"changed_rows": 7})


def test_an_entry_as_it_is_changes_nothing(cast: Mapping[str, Client], living: str) -> None:
    for task in Entry.objects.filter(system=living).values_list("task", flat=True):
        address = reverse("admin:entry", args=[living, task])
        page = cast["keeper"].get(address)
        form = page.context["form"]
        given = {name: form[name].value() for name in form.fields}
        if form.options:
            given |= {form.options[name].html_name: form.options[name].value() for name in form.options.fields}
            sent = {name: value for name, value in given.items() if value not in (None, False)}
        else:
            sent = given
        assert cast["keeper"].post(address, sent).status_code == 302, task
        assert Entry.objects.get(system=living, task=task).changed == [], task
    assert ledger_of("programme.changed") == []


def test_all_faults_of_an_entry_are_told_at_once(cast: Mapping[str, Client], living: str) -> None:
    entry = Entry.objects.get(system=living, task=TASK)
    given = form_of(
        entry, often="own", own="FREQ=MINUTELY", at="26:00", owner="keeper", deputy="keeper", missed_after=0,
        **{"option-changed_rows": "-1", "option-changed_percent": "0"},
    )  # fmt: skip
    text = cast["keeper"].post(reverse("admin:entry", args=[living, TASK]), given).content.decode()
    for said in ("Nothing is done more often than every hour", "Enter a valid time", "Name somebody else"):
        assert said in text, said
    text = (
        cast["keeper"]
        .post(
            reverse("admin:entry", args=[living, TASK]),
            form_of(entry, missed_after=0, **{"option-changed_percent": "0"}),
        )
        .content.decode()
    )
    for said in ("A number of minutes", "Greater than 0"):
        assert said.casefold() in text.casefold(), said
    entry.refresh_from_db()
    assert entry.changed == []


def test_a_rule_of_ones_own_is_kept_and_shown_with_its_text(
    cast: Mapping[str, Client], living: str, now: datetime
) -> None:
    rule = "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1"
    entries.change(living, TASK, {"rule": rule}, by="keeper", now=now)
    assert "By a rule of its own at 02" in text_of(cast["viewer"], "system_programme", living)
    assert rule in text_of(cast["viewer"], "system_programme", living)
    assert f'value="{rule}"' in text_of(cast["keeper"], "entry", living, TASK)


def test_a_pause_takes_a_reason_and_is_ended(cast: Mapping[str, Client], living: str) -> None:
    address = reverse("admin:entry_pause", args=[living, TASK])
    cast["keeper"].post(address, {"reason": " "})
    assert not Entry.objects.get(system=living, task=TASK).paused
    cast["keeper"].post(address, {"reason": "the server is being moved"})
    assert "keeper paused it: the server is being moved" in text_of(cast["keeper"], "entry", living, TASK)
    assert "the server is being moved" in text_of(cast["viewer"], "system_programme", living)
    cast["approver"].post(reverse("admin:entry_resume", args=[living, TASK]))
    assert not Entry.objects.get(system=living, task=TASK).paused
    assert ledger_of("programme.paused") == [("keeper", living, TASK)]
    assert ledger_of("programme.resumed") == [("approver", living, TASK)]
