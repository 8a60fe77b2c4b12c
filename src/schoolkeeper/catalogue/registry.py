"""The catalogue: built once from what is registered, checked as a whole, then closed."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from schoolkeeper.catalogue.requirements import requirement_ids
from schoolkeeper.catalogue.task import AnyTask
from schoolkeeper.kernel.errors import Invalid
from schoolkeeper.kernel.spec import NOT_IN_RUNBOOKS, Risk, Spec, Undo


@dataclass(frozen=True, slots=True)
class Catalogue(Mapping[str, AnyTask]):
    """Tasks by id, in order of id."""

    tasks: Mapping[str, AnyTask]

    def __getitem__(self, task_id: str) -> AnyTask:
        return self.tasks[task_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self.tasks)

    def __len__(self) -> int:
        return len(self.tasks)

    def find(self, task_id: str) -> AnyTask:
        """The task of this id. Raises Invalid naming those that exist."""
        if task_id not in self.tasks:
            raise Invalid(f"task {task_id!r}", [f"there is none; known are: {', '.join(self.tasks)}"])
        return self.tasks[task_id]


def build(tasks: Iterable[AnyTask]) -> Catalogue:
    """Check all tasks together and close the catalogue. Raises Invalid with every fault, each with its id."""
    listed = tuple(tasks)
    counts = Counter(task.spec.id for task in listed)
    faults = [
        f"catalogue.E001 {task_id}: {count} tasks have this id" for task_id, count in counts.items() if count > 1
    ]
    faults += [fault for task in listed for fault in spec_faults(task.spec)]
    faults += _order_faults([task.spec for task in listed])
    if faults:
        raise Invalid("catalogue", faults)
    return Catalogue({task.spec.id: task for task in sorted(listed, key=lambda task: task.spec.id)})


def spec_faults(spec: Spec) -> Iterator[str]:
    """What is wrong with one declaration."""
    if not re.fullmatch(r"[a-z]+(\.[a-z_]+)+", spec.id):
        yield f"catalogue.E002 {spec.id}: an id is small words joined by dots"
    if not spec.runbook.is_file():
        yield f"catalogue.E003 {spec.id}: there is no runbook.md in its folder"
    else:
        text = spec.runbook.read_text(encoding="utf-8")
        documented = spec.codes - {f"{spec.id}.{suffix}" for suffix in NOT_IN_RUNBOOKS}
        for code in sorted(code for code in documented if f"### {code}\n" not in text):
            yield f"catalogue.E004 {spec.id}: its runbook has no section '### {code}'"
    if (spec.undo is Undo.NOTHING_WRITTEN) == spec.changes_something:
        yield f"catalogue.E005 {spec.id}: `writes` and undo={spec.undo.value!r} contradict each other"
    if (spec.risk is Risk.READ_ONLY) == spec.changes_something:
        yield f"catalogue.E006 {spec.id}: `writes` and risk={spec.risk.name} contradict each other"
    if spec.undo is Undo.FORWARD_ONLY and not spec.approver:
        yield f"catalogue.E007 {spec.id}: what cannot be undone needs an approver role"
    for unknown in sorted(spec.requirements - requirement_ids()):
        yield f"catalogue.E008 {spec.id}: there is no requirement {unknown}"


def _order_faults(specs: Sequence[Spec]) -> Iterator[str]:
    """What is wrong with the order that the declarations ask for."""
    known = {spec.id for spec in specs}
    for spec in specs:
        for unknown in sorted(spec.after - known):
            yield f"catalogue.E009 {spec.id}: it comes after {unknown}, and there is no such task"
    try:
        TopologicalSorter({spec.id: spec.after for spec in specs}).prepare()
    except CycleError as error:
        yield f"catalogue.E010 {' after '.join(error.args[1])}: each would have to wait for the other"
