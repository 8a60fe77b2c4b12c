"""Rules by which events freeze, and events that people enter."""

from datetime import UTC, date, datetime, timedelta

import pytest

from schoolkeeper.calendars import freezes
from schoolkeeper.calendars.academic import events, freezing
from schoolkeeper.calendars.academic.rules import rules_of
from schoolkeeper.calendars.models import AcademicEvent, Freeze
from schoolkeeper.kernel.errors import Invalid, Refused
from schoolkeeper.records.models import LedgerEntry
from tests.programme.school import take

pytestmark = pytest.mark.django_db
SCHOOL, HOUR = "North College", timedelta(hours=1)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def enter(category: str, first: date, last: date | None = None, institution: str = SCHOOL) -> AcademicEvent:
    starts_at, ends_at = events.whole_days(institution, first, last or first)
    return events.add(
        institution=institution,
        title=category.title(),
        category=category,
        starts_at=starts_at,
        ends_at=ends_at,
        all_day=True,
        by="registrar",
        now=NOW,
    )


def span(freeze: Freeze) -> str:
    return f"{freeze.kind} {freeze.starts_at:%m-%d %H:%M} to {freeze.ends_at:%m-%d %H:%M}"


def spans() -> list[str]:
    return [span(freeze) for freeze in Freeze.objects.order_by("starts_at", "ends_at")]


def test_the_usual_rules() -> None:
    take(zone="Asia/Tashkent", institution=SCHOOL)
    for number, category in enumerate(("exams", "results", "enrolment", "holiday", "term", "other")):
        enter(category, date(2026, 6, 1 + 5 * number))
    assert spans() == [
        "hard 05-31 19:00 to 06-01 19:00",
        "hard 06-04 19:00 to 06-07 19:00",
        "soft 06-10 19:00 to 06-11 19:00",
    ]


def test_a_whole_day_has_no_hours() -> None:
    """Its freeze counts dates alone, and from nine to five on one day there are none."""
    take(zone="Asia/Tashkent", institution=SCHOOL)
    nine, five = datetime(2026, 6, 1, 4, tzinfo=UTC), datetime(2026, 6, 1, 12, tzinfo=UTC)
    exam = {"institution": SCHOOL, "title": "Exam", "category": "exams", "by": "registrar", "now": NOW}
    with pytest.raises(Invalid, match="midnight by the clock of Asia/Tashkent") as refused:
        events.add(**exam, starts_at=nine, ends_at=five, all_day=True)
    assert len(refused.value.faults) == 2
    event = events.add(**exam, starts_at=nine, ends_at=five)
    with pytest.raises(Invalid, match="starts_at: of a whole day"):
        events.change(event.pk, {"all_day": True}, by="registrar", now=NOW)
    whole = enter("exams", date(2026, 6, 3))
    with pytest.raises(Invalid, match="ends_at: of a whole day"):
        events.change(whole.pk, {"ends_at": whole.ends_at + HOUR}, by="registrar", now=NOW)
    assert spans() == ["hard 06-01 04:00 to 06-01 12:00", "hard 06-02 19:00 to 06-03 19:00"]


def test_a_whole_day_may_be_one_on_which_the_clocks_change() -> None:
    take(zone="Europe/Berlin", institution=SCHOOL)
    event = enter("exams", date(2026, 3, 29))
    events.change(event.pk, {"title": "Exams", "ends_at": event.ends_at}, by="registrar", now=NOW)
    assert spans() == ["hard 03-28 23:00 to 03-29 22:00"]


def test_a_rule_of_the_institution_is_followed_at_once() -> None:
    take(institution=SCHOOL)
    enter("holiday", date(2026, 6, 1))
    enter("exams", date(2026, 6, 10))
    freezing.set_rule(SCHOOL, "holiday", "soft", hours_before=12, by="head", now=NOW)
    freezing.set_rule(SCHOOL, "exams", "", by="head", now=NOW)
    assert spans() == ["soft 05-31 12:00 to 06-02 00:00"]
    assert {name: rule.is_usual for name, rule in rules_of(SCHOOL).items() if not rule.is_usual} == {
        "holiday": False,
        "exams": False,
    }
    freezing.reset_rule(SCHOOL, "exams", by="head", now=NOW)
    freezing.reset_rule(SCHOOL, "holiday", by="head", now=NOW)
    assert spans() == ["hard 06-10 00:00 to 06-11 00:00"]
    kinds = (
        LedgerEntry.objects.filter(kind__startswith="freeze").order_by("sequence").values_list("kind", flat=True)
    )
    assert list(kinds) == [
        "freeze.declared",
        "freeze_rule.changed",
        "freeze.declared",
        "freeze_rule.changed",
        "freeze.withdrawn",
        "freeze_rule.reset",
        "freeze.declared",
        "freeze_rule.reset",
        "freeze.withdrawn",
    ]


def test_a_rule_for_everybody_is_that_of_who_has_none() -> None:
    take(institution=SCHOOL)
    take("south-college", institution="South College")
    enter("holiday", date(2026, 6, 1))
    enter("holiday", date(2026, 7, 1), institution="South College")
    freezing.set_rule("South College", "holiday", "", by="head", now=NOW)
    freezing.set_rule("", "holiday", "soft", by="head", now=NOW)
    assert spans() == ["soft 06-01 00:00 to 06-02 00:00"]


def test_days_are_frozen_in_every_zone_of_the_institution() -> None:
    take("campus-west", zone="America/New_York", institution=SCHOOL)
    take("campus-east", zone="Asia/Tashkent", institution=SCHOOL)
    take("campus-east-2", zone="Asia/Tashkent", institution=SCHOOL)
    enter("exams", date(2026, 6, 1))
    assert spans() == ["hard 05-31 19:00 to 06-02 04:00"]


def test_a_freeze_in_force_ends_when_its_event_is_taken_away() -> None:
    take(institution=SCHOOL)
    event = enter("exams", date(2026, 3, 1), date(2026, 3, 5))
    later = NOW + 5 * HOUR
    events.remove(event.pk, by="registrar", now=later)
    freeze = Freeze.objects.get()
    assert (freeze.ends_at, freeze.event) == (later, None)


def test_what_is_over_is_not_rewritten() -> None:
    take(institution=SCHOOL)
    event = enter("exams", date(2026, 3, 1))
    later = NOW + 48 * HOUR
    events.correct(event.pk, "holiday", by="registrar", now=later)
    freezing.set_rule(SCHOOL, "exams", "soft", by="head", now=later)
    with pytest.raises(Refused, match="could be lifted"):
        freezes.lift(Freeze.objects.get().pk, by="head", reason="It was none.", now=later)
    assert spans() == ["hard 03-01 00:00 to 03-02 00:00"]


def test_a_lifted_freeze_stays_lifted_through_rules_and_changes() -> None:
    take(institution=SCHOOL)
    event = enter("exams", date(2026, 6, 1))
    freezes.lift(Freeze.objects.get().pk, by="head", reason="No exams this year.", now=NOW)
    freezing.set_rule(SCHOOL, "exams", "", by="head", now=NOW)
    freezing.reset_rule(SCHOOL, "exams", by="head", now=NOW)
    events.change(event.pk, {"title": "Exams, week 2"}, by="registrar", now=NOW)
    freeze = Freeze.objects.get()
    assert (freeze.title, freeze.lifted_by) == ("Exams, week 2", "head")


def test_faults_and_refusals() -> None:
    take(institution=SCHOOL)
    with pytest.raises(Invalid) as caught:
        freezing.set_rule(SCHOOL, "party", "warm", hours_before=-1, by="head", now=NOW)
    assert [fault.partition(":")[0] for fault in caught.value.faults] == ["category", "kind", "hours_before"]
    with pytest.raises(Invalid) as caught:
        events.add(institution=SCHOOL, title="", category="x", starts_at=NOW, ends_at=NOW, by="a", now=NOW)
    assert [fault.partition(":")[0] for fault in caught.value.faults] == ["title", "category", "ends_at"]
    with pytest.raises(Refused, match="no event 999"):
        events.correct(999, "exams", by="head", now=NOW)


def test_events_between_two_times() -> None:
    take(institution=SCHOOL)
    enter("term", date(2026, 6, 1), date(2026, 6, 30))
    enter("holiday", date(2026, 7, 10))
    enter("holiday", date(2026, 6, 5), institution="")
    enter("holiday", date(2026, 6, 6), institution="South College")
    found = events.between(SCHOOL, datetime(2026, 6, 5, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC))
    assert [(one.title, one.institution) for one in found] == [("Term", SCHOOL), ("Holiday", "")]
