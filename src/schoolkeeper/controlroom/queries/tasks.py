"""What the catalogue says of the tasks that records name; records outlive tasks too."""

from collections.abc import Iterable

from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.kernel.spec import Cadence, Risk, Spec
from schoolkeeper.programme import duties

# Kinds that no definition names: what a task makes for itself and takes away again.


def spec_of(task_id: str) -> Spec | None:
    task = catalogue().get(task_id)
    return task.spec if task else None


def title_of_task(task_id: str) -> str:
    """The title of a task, or of a duty of people."""
    known = spec_of(task_id) or duties.find(task_id)
    return known.title if known else task_id


def title_of_code(task_id: str, code: str) -> str:
    if code == f"{task_id}.missed":
        return f"{title_of_task(task_id)}: missed"  # the one finding that does not tell what it is about
    spec = spec_of(task_id)
    return spec.title_of(code) if spec else code


def only_looks(task_id: str) -> bool:
    spec = spec_of(task_id)
    return spec is not None and not spec.changes_something


def tasks_that_look() -> list[str]:
    """The tasks that change nothing."""
    return [task.spec.id for task in catalogue().values() if not task.spec.changes_something]


def applicable(kinds: Iterable[str]) -> list[Spec]:
    """The tasks that a system with components of these kinds can have."""
    have = frozenset(kinds)
    return [task.spec for task in catalogue().values() if task.spec.fits(have)]


def watching() -> tuple[Spec, ...]:
    """The tasks that look every day and change nothing: what a system's health rests on."""
    specs = (task.spec for task in catalogue().values())
    return tuple(spec for spec in specs if spec.risk is Risk.READ_ONLY and spec.cadence is Cadence.DAILY)
