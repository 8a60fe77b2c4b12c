"""How much goes on now, and whether one more may begin: limits for systems, machines, institutions and all."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from schoolkeeper.calendars import windows
from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.estate.models import SystemRecord
from schoolkeeper.kernel.spec import Risk, Spec
from schoolkeeper.programme.models import Limit, Occurrence
from schoolkeeper.records.models import Run

DEFAULTS: Mapping[str, int] = {Limit.Scope.SYSTEM: 4, Limit.Scope.HOST: 8, Limit.Scope.INSTITUTION: 50}
Place = tuple[str, str]
"""A scope and the name in it: ("host", "local")."""


@dataclass(slots=True)
class Load:
    """What goes on, counted by place; whoever is admitted is counted at once."""

    now: datetime
    room: int
    records: Mapping[str, SystemRecord]
    limits: Mapping[Place, int]
    running: Counter[Place] = field(default_factory=Counter)
    waiting: set[tuple[str, str]] = field(default_factory=set)
    entries: set[int] = field(default_factory=set)
    disturbed: set[str] = field(default_factory=set)
    windows: dict[tuple[str, Risk], bool] = field(default_factory=dict)

    @classmethod
    def of(cls, due: Sequence[Occurrence], now: datetime, *, room: int) -> "Load":
        """The load as it is, for deciding on these occurrences; `room` is how many runs may be open altogether."""
        unended = Run.objects.exclude(state=Run.State.ENDED)
        open_runs = list(unended.values_list("system", "task", "requested_by"))
        slugs = {one.entry.system for one in due} | {system for system, _, _ in open_runs}
        load = cls(now, room, SystemRecord.objects.in_bulk(slugs), dict(_limits()))
        underway = Occurrence.objects.filter(state=Occurrence.State.RUNNING).values_list(
            "entry", "entry__system", "entry__task"
        )
        for entry, system, task in underway:
            load.entries.add(entry)
            load.waiting.add((system, task))
        load.waiting |= {(one.entry.system, one.entry.task) for one in due}
        for system, task, by in open_runs:
            known = catalogue().get(task)
            if by == "programme":
                load._count(system)
            if known is not None:
                load._disturb(system, known.spec)
        return load

    def admits(self, occurrence: Occurrence, spec: Spec) -> bool:
        """Whether this one may begin now; it is counted if so."""
        entry = occurrence.entry
        if self.room <= 0 or entry.pk in self.entries or entry.system not in self.records:
            return False
        if any((entry.system, first) in self.waiting for first in spec.after):
            return False
        places = list(self._places(entry.system))
        if any(self.running[place] >= self._limit(place) for place in places):
            return False
        if self._disturbs(spec) and (
            self._hosts(entry.system) & self.disturbed or not self._window(entry.system, spec)
        ):
            return False
        self._count(entry.system)
        self._disturb(entry.system, spec)
        self.entries.add(entry.pk)
        return True

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

    def _window(self, slug: str, spec: Spec) -> bool:
        """Whether what disturbs may begin as far as windows go."""
        if not windows.needs_window(spec):
            return True
        key = (slug, spec.risk)
        if key not in self.windows:
            system = self.records[slug].system()
            open_now = windows.open_at(system, self.now, spec.risk) is not None
            self.windows[key] = open_now or not windows.has_any(system)
        return self.windows[key]


def _limits() -> Iterable[tuple[Place, int]]:
    rows = Limit.objects.values_list("scope", "name", "runs")
    return (((scope, name), runs) for scope, name, runs in rows)
