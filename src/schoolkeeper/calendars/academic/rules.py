"""How an institution treats each kind of event: frozen hard, soft or not at all, and how long around it."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction

from schoolkeeper.calendars.models import AcademicEvent, Freeze, FreezeRule
from schoolkeeper.kernel.errors import Invalid
from schoolkeeper.records import ledger

Category = AcademicEvent.Category
LONGEST_HOURS = 31 * 24


@dataclass(frozen=True, slots=True)
class Rule:
    """`kind` is empty for no freeze. `is_usual` says that nobody at the institution chose it."""

    kind: str
    before: timedelta = timedelta()
    after: timedelta = timedelta()
    is_usual: bool = True


_DAY = timedelta(hours=24)
USUAL = {
    Category.EXAMS.value: Rule(Freeze.Kind.HARD.value),
    # Everybody looks at once, and what was entered late is corrected the day after.
    Category.RESULTS.value: Rule(Freeze.Kind.HARD.value, _DAY, _DAY),
    Category.ENROLMENT.value: Rule(Freeze.Kind.SOFT.value),
    Category.HOLIDAY.value: Rule(""),
    Category.TERM.value: Rule(""),
    Category.OTHER.value: Rule(""),
}


def rules_of(institution: str) -> dict[str, Rule]:
    """Category to the rule in force: the institution's own, else that for everybody, else the usual one."""
    found = dict(USUAL)
    for name in dict.fromkeys(("", institution)):
        for row in FreezeRule.objects.filter(institution=name):
            before, after = timedelta(hours=row.hours_before), timedelta(hours=row.hours_after)
            found[row.category] = Rule(row.kind, before, after, is_usual=False)
    return found


@transaction.atomic
def store_rule(
    institution: str, category: str, kind: str, hours_before: int, hours_after: int, *, by: str
) -> None:
    """Keep a rule. Raises Invalid listing every fault. `freezing.set_rule` also lets freezes follow."""
    faults = []
    if category not in Category.values:
        faults.append(f"category: one of {', '.join(Category.values)}")
    if kind not in ("", *Freeze.Kind.values):
        faults.append("kind: hard, soft, none, or usual")
    for name, hours in (("hours_before", hours_before), ("hours_after", hours_after)):
        if not 0 <= hours <= LONGEST_HOURS:
            faults.append(f"{name}: from 0 to {LONGEST_HOURS}, which is a month")
    if faults:
        raise Invalid("freeze rule", faults)
    values = {"kind": kind, "hours_before": hours_before, "hours_after": hours_after}
    FreezeRule.objects.update_or_create(institution=institution, category=category, defaults=values)
    data = {"institution": institution, "category": category, **values}
    ledger.append("freeze_rule.changed", actor=by, subject=category, data=data)


@transaction.atomic
def drop_rule(institution: str, category: str, *, by: str) -> bool:
    """Go back to what is usual; whether there was a rule. `freezing.reset_rule` also lets freezes follow."""
    count, _ = FreezeRule.objects.filter(institution=institution, category=category).delete()
    if count:
        data = {"institution": institution, "category": category}
        ledger.append("freeze_rule.reset", actor=by, subject=category, data=data)
    return count > 0
