"""A task that disturbs for a while and writes down when, for processes of a test."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from schoolkeeper.catalogue.registry import Catalogue
from schoolkeeper.catalogue.task import SystemTask
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.look import Look
from schoolkeeper.engine import knowledge
from schoolkeeper.kernel.facts import Facts, Options
from schoolkeeper.kernel.plan import Action, Step
from schoolkeeper.kernel.spec import Cadence, Kind, Risk, Spec, Undo

SECONDS = 0.6


class Seen(Facts):
    times: int


class Slow(SystemTask[Options, Seen]):
    """Adds a line to the diary of its system: when it began to disturb and when it ceased."""

    options = Options
    facts = Seen
    spec = Spec(
        id="test.slow",
        version=1,
        title="Disturb for a while",
        summary="For tests of what may go on at a time.",
        kind=Kind.CORRECTIVE,
        risk=Risk.DISRUPTIVE,
        undo=Undo.DERIVED,
        reads=frozenset({"files"}),
        writes=frozenset({"files"}),
        cadence=Cadence.DAILY,
        requirements=frozenset(),
        home=Path(__file__).parent,
    )

    def assess(self, look: Look, options: Options) -> Seen:
        diary = look.files("diary").root / "diary"
        return Seen(times=len(diary.read_text().splitlines()) if diary.exists() else 0)

    def judge(self, facts: Seen, options: Options) -> tuple[()]:
        return ()

    def plan(self, facts: Seen, options: Options) -> Sequence[Step]:
        """One more line, but none after its own: the second look must find nothing to do."""
        if facts.times % 2:
            return ()
        return (Step(key="disturb", says="Disturb.", action=Action(verb="disturb", arguments={}), inverse=None),)

    def apply(self, action: Action, act: Act) -> Mapping[str, object]:
        begin = time.time()
        time.sleep(SECONDS)  # what is tested is what others do meanwhile
        with (act.files("diary").root / "diary").open("a") as diary:
            diary.write(f"{begin} {time.time()}\n")
        return {}


knowledge.BUILTIN = (*knowledge.BUILTIN, Slow())
knowledge.build = lambda listed: Catalogue({task.spec.id: task for task in listed})
