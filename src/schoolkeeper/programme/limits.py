"""How much of the programme may go on at a time: what people set, and what holds where nobody did."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from schoolkeeper.calendars.scope import faults_of
from schoolkeeper.kernel.errors import Invalid
from schoolkeeper.programme.models import Limit
from schoolkeeper.programme.scheduler.load import DEFAULTS
from schoolkeeper.records import ledger

MOST = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitView:
    """So many runs at a time in this place. `name` is empty for each place of the scope that has no limit of its
    own; `made_by` is empty for what the house sets."""

    scope: str
    name: str
    runs: int
    made_by: str = ""
    made_at: datetime | None = None


def limits() -> tuple[LimitView, ...]:
    """Every limit in force: that of each scope first, then those of single places."""
    rows = {(row.scope, row.name): row for row in Limit.objects.all()}
    usual = (
        LimitView(scope=str(scope), name="", runs=runs)
        for scope, runs in DEFAULTS.items()
        if (scope, "") not in rows
    )
    return tuple(sorted((*usual, *map(_view, rows.values())), key=lambda one: (one.scope, one.name)))


@transaction.atomic
def put(scope: str, name: str, runs: int, *, by: str, now: datetime) -> LimitView:
    """Set a limit; an empty name is for each place of the scope. Raises Invalid listing every fault."""
    if faults := list(_faults(scope, name, runs)):
        raise Invalid("limit", faults)
    row, _ = Limit.objects.update_or_create(
        scope=scope, name=name, defaults={"runs": runs, "made_by": by, "made_at": now}
    )
    ledger.append("limit.set", actor=by, subject=f"{scope} {name}".strip(), data={"runs": runs})
    return _view(row)


@transaction.atomic
def reset(scope: str, name: str, *, by: str) -> None:
    """Let what is usual hold again. Raises Invalid when nobody set this limit."""
    deleted, _ = Limit.objects.filter(scope=scope, name=name).delete()
    if not deleted:
        raise Invalid("limit", [f"nobody set one for {scope} {name}".strip()])
    ledger.append("limit.reset", actor=by, subject=f"{scope} {name}".strip())


def _faults(scope: str, name: str, runs: int) -> Iterator[str]:
    if scope not in Limit.Scope.values:
        yield f"scope: one of {', '.join(Limit.Scope.values)}"
    if len(name) > 300 or (name and not name.isprintable()):
        yield "name: at most 300 characters, the name of a system, a machine or an institution; or nothing"
    yield from faults_of(
        system=name if scope == Limit.Scope.SYSTEM else "",
        institution=name if scope == Limit.Scope.INSTITUTION else "",
    )
    if not 1 <= runs <= MOST:
        yield f"runs: from 1 to {MOST}; to let nothing through, pause the entry or declare a freeze"


def _view(row: Limit) -> LimitView:
    return LimitView(scope=row.scope, name=row.name, runs=row.runs, made_by=row.made_by, made_at=row.made_at)
