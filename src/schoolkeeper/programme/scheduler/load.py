"""How much goes on now, and whether one more may begin: limits for systems, machines, institutions and all."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from schoolkeeper.calendars import freezes, overrides, windows
from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.estate.models import SystemRecord
from schoolkeeper.kernel.spec import Risk, Spec
from schoolkeeper.programme.models import Limit, Occurrence
from schoolkeeper.programme.scheduler.catching_up import CATCHING_UP, thawed
from schoolkeeper.records.models import Run

DEFAULTS: Mapping[str, int] = {Limit.Scope.SYSTEM: 4, Limit.Scope.HOST: 8, Limit.Scope.INSTITUTION: 50}
LOOK_AGAIN = timedelta(minutes=5)
"""So often what waits for a window, or for a freeze to end, is looked at: plans change."""
BY = "programme"
"""In whose name the scheduler asks for runs."""
Place = tuple[str, str]
"""A scope and the name in it: ("host", "local")."""


@dataclass(frozen=True, slots=True)
class Due:
    """An occurrence that may begin: no more of it than is needed to decide on thousands in each round."""

    pk: int
    entry: int
    system: str
    task: str
    options: Mapping[str, object]
    due_at: datetime
    cause: str
    zone: str


@dataclass(slots=True)
class Load:
    """What goes on, counted by place; whoever is admitted is counted at once."""

    now: datetime
    room: int
    records: dict[str, SystemRecord]
    limits: Mapping[Place, int]
    running: Counter[Place] = field(default_factory=Counter)
    waiting: set[tuple[str, str]] = field(default_factory=set)
    entries: set[int] = field(default_factory=set)
    disturbed: set[str] = field(default_factory=set)
    windows: dict[tuple[str, Risk], datetime | None] = field(default_factory=dict)
    any_freeze: bool = False

    @classmethod
    def of(cls, now: datetime, *, room: int) -> "Load":
        """The load as it is; `room` is how many runs may be open altogether."""
        open_runs = list(_open_runs().values_list("system", "task", "requested_by", "state"))
        load = cls(now, room, _systems({system for system, *_ in open_runs}), dict(_limits()))
        underway = Occurrence.objects.filter(state=Occurrence.State.RUNNING)
        load.entries |= set(underway.values_list("entry", flat=True))
        load.any_freeze = freezes.any_in_force(now)
        for system, task, by, state in open_runs:
            known = catalogue().get(task)
            if by == BY and state != Run.State.WAITING:
                load._count(system)
            if known is not None:
                load._disturb(system, known.spec)
        return load

    def know(self, due: Sequence[Due]) -> None:
        """Have at hand what it takes to decide on these."""
        self.records |= _systems({one.system for one in due} - self.records.keys())
        self.waiting |= _predecessors(due, self.now)

    def admits(self, due: Due, spec: Spec) -> bool:
        """Whether this one may begin now; it is counted if so."""
        if self.room <= 0 or due.entry in self.entries or due.system not in self.records:
            return False
        if any((due.system, first) in self.waiting for first in spec.after):
            return False
        places = list(self._places(due.system))
        if any(self.running[place] >= self._limit(place) for place in places):
            return False
        if self._disturbs(spec) and self._hosts(due.system) & self.disturbed:
            return False
        self._count(due.system)
        self._disturb(due.system, spec)
        self.entries.add(due.entry)
        return True

    def window_comes(self, slug: str, spec: Spec) -> datetime | None:
        """When to look again at what must wait for a window; None for what need not, or has one now."""
        if not windows.needs_window(spec) or slug not in self.records:
            return None
        key = (slug, spec.risk)
        if key not in self.windows:
            self.windows[key] = self._next_window(slug, spec.risk)
        return self.windows[key]

    def thaw_comes(self, due: Due, spec: Spec) -> datetime | None:
        """When to look again at a second chance that a freeze would refuse; None for what need not wait.

        There is no third, so it is not spent on a freeze that was declared, or moved, after it was given.
        """
        if not self.any_freeze or due.cause != CATCHING_UP or due.system not in self.records:
            return None
        if overrides.valid(due.system, due.task, self.now):
            return None
        try:
            free_at = thawed(self.records[due.system].system(), spec, self.now)
        except ValueError:
            return None  # its run will tell what is wrong with the definition
        return min(free_at, self.now + LOOK_AGAIN) if free_at > self.now else None

    def _next_window(self, slug: str, risk: Risk) -> datetime | None:
        try:
            system = self.records[slug].system()
        except ValueError:
            return None  # its run will tell what is wrong with the definition
        if windows.open_at(system, self.now, risk) or not windows.has_any(system):
            return None
        following = windows.next_after(system, self.now, risk)
        again = self.now + LOOK_AGAIN
        return min(following.starts_at, again) if following else again

    def _count(self, system: str) -> None:
        self.room -= 1
        self.running.update(self._places(system))

    def _disturb(self, system: str, spec: Spec) -> None:
        if self._disturbs(spec):
            self.disturbed |= self._hosts(system)

    @staticmethod
    def _disturbs(spec: Spec) -> bool:
        return spec.risk >= Risk.DISRUPTIVE and spec.changes_the_erp

    def _places(self, system: str) -> Iterator[Place]:
        yield Limit.Scope.SYSTEM, system
        if record := self.records.get(system):
            if record.institution:
                yield Limit.Scope.INSTITUTION, record.institution
            yield from ((Limit.Scope.HOST, host) for host in record.hosts)

    def _hosts(self, system: str) -> frozenset[str]:
        record = self.records.get(system)
        return record.hosts if record else frozenset()

    def _limit(self, place: Place) -> int:
        scope, _ = place
        return self.limits.get(place) or self.limits.get((scope, "")) or DEFAULTS[scope]


def open_count() -> int:
    """How many runs of the programme are under way or wait for a worker; not those that wait for a person."""
    return _open_runs().filter(requested_by=BY).exclude(state=Run.State.WAITING).count()


def _systems(slugs: Iterable[str]) -> dict[str, SystemRecord]:
    return {
        one.slug: one
        for one in SystemRecord.objects.only("slug", "institution", "definition").filter(slug__in=slugs)
    }


def _open_runs() -> QuerySet[Run]:
    return Run.objects.exclude(state=Run.State.ENDED)


def _predecessors(due: Sequence[Due], now: datetime) -> set[tuple[str, str]]:
    """The system and task of all that others among these come after, and that has not ended."""
    specs = {task: known.spec for task in {one.task for one in due} if (known := catalogue().get(task))}
    following = {one.system for one in due if (spec := specs.get(one.task)) and spec.after}
    first = frozenset[str]().union(*(spec.after for spec in specs.values()))
    # What was put off until a window comes is due still.
    is_due = Q(state=Occurrence.State.DUE, not_before__lte=now + LOOK_AGAIN, due_at__lte=now, missed_at__gt=now)
    alive = Occurrence.objects.filter(entry__paused=False, entry__retired_at=None)
    rows = alive.filter(entry__system__in=following, entry__task__in=first)
    unended = rows.filter(is_due | Q(state=Occurrence.State.RUNNING))
    return set(unended.values_list("entry__system", "entry__task"))


def _limits() -> Iterable[tuple[Place, int]]:
    rows = Limit.objects.values_list("scope", "name", "runs")
    return (((scope, name), runs) for scope, name, runs in rows)
