"""Tasks made for the engine's tests, and an engine that calls stages just so."""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from django.utils import timezone
from pydantic import Field

from schoolkeeper import profiles
from schoolkeeper.catalogue.registry import Catalogue
from schoolkeeper.catalogue.task import SystemTask
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.look import Look
from schoolkeeper.connectors.postgres.cluster import Cluster
from schoolkeeper.connectors.system import System
from schoolkeeper.engine import course, knowledge
from schoolkeeper.engine.request import request
from schoolkeeper.estate import care
from schoolkeeper.kernel.errors import Permanent, Temporary, Unreachable
from schoolkeeper.kernel.facts import Facts, Options
from schoolkeeper.kernel.finding import Finding, Level
from schoolkeeper.kernel.measurement import Measurement
from schoolkeeper.kernel.plan import Action, Step
from schoolkeeper.kernel.spec import Kind, Risk, Spec, Undo
from schoolkeeper.profiles.model import Profile
from schoolkeeper.records.models import Run
from schoolkeeper.testing.folders import temporary_folder
from tests.control_plane import ControlPlane


class ShelfOptions(Options):
    wanted: int = 3
    trouble: dict[str, str] = Field(default={})
    """Verb or stage to the kind of failure that it shall have."""


class ShelfFacts(Facts):
    names: list[str]


class Shelf(SystemTask[ShelfOptions, ShelfFacts]):
    """Puts empty files on a shelf until there are enough; misbehaves as its options say."""

    options = ShelfOptions
    facts = ShelfFacts
    spec = Spec(
        id="test.shelf",
        version=1,
        title="Fill the shelf",
        summary="For the engine's tests.",
        kind=Kind.PREVENTIVE,
        risk=Risk.ROUTINE,
        undo=Undo.STEPWISE,
        reads=frozenset({"files"}),
        writes=frozenset({"files"}),
        cadence=None,
        requirements=frozenset(),
        findings={"short": "The shelf is short", "wrong": "The shelf is wrong"},
        home=Path(__file__).parent,
    )
    calls: ClassVar[list[str]] = []

    def assess(self, look: Look, options: ShelfOptions) -> ShelfFacts:
        self._misbehave("assess", options)
        return ShelfFacts(names=[file.path for file in look.files("shelf").list()])

    def judge(self, facts: ShelfFacts, options: ShelfOptions) -> Sequence[Finding]:
        missing = options.wanted - len(facts.names)
        return [self.finding("short", Level.ERROR, f"{missing} missing.")] if missing else []

    def plan(self, facts: ShelfFacts, options: ShelfOptions) -> Sequence[Step]:
        return tuple(
            Step(
                key=f"put:{number}",
                says=f"Put {number} on the shelf.",
                action=Action(verb="put", arguments={"name": str(number), "trouble": options.trouble}),
                inverse=Action(verb="remove", arguments={"name": str(number), "trouble": options.trouble}),
            )
            for number in range(options.wanted)
            if str(number) not in facts.names
        )

    def apply(self, action: Action, act: Act) -> Mapping[str, object]:
        name, trouble = str(action.arguments["name"]), action.arguments["trouble"]
        self.calls.append(f"{action.verb} {name}")
        assert isinstance(trouble, dict)
        file = act.files("shelf").root / name
        if action.verb == "remove":
            _misbehave(trouble.get(f"remove {name}"))
            file.unlink(missing_ok=True)
        else:
            file.touch()
            _misbehave(trouble.get(f"put {name}"))
        return {"size_bytes": 0}

    def verify(self, before: ShelfFacts, after: ShelfFacts, options: ShelfOptions) -> Sequence[Finding]:
        self._misbehave("verify", options)
        return [self.finding("wrong", Level.ERROR, "Not as promised.")] if "wrong" in options.trouble else []

    def measure(self, facts: ShelfFacts) -> Sequence[Measurement]:
        return [Measurement("shelf.files_count", len(facts.names))]

    def _misbehave(self, stage: str, options: ShelfOptions) -> None:
        _misbehave(options.trouble.get(stage))


def _misbehave(kind: str | None) -> None:
    match kind:
        case "temporary":
            raise Temporary("try again", delay_seconds=7)
        case "permanent":
            raise Permanent("the shelf is full")
        case "unreachable":
            raise Unreachable("shelf", "the door is locked")
        case "nul":
            raise Permanent("broken \0 text")
        case "unforeseen":
            raise ZeroDivisionError("nobody thought of this")


class DangerousShelf(Shelf):
    spec = replace(Shelf.spec, id="test.dangerous", title="Fill the shelf, dangerously", risk=Risk.DESTRUCTIVE)


class RestoredShelf(Shelf):
    spec = replace(
        Shelf.spec, id="test.restored", title="Fill the shelf, undone by restoring", undo=Undo.RESTORE_POINT
    )

    def plan(self, facts: ShelfFacts, options: ShelfOptions) -> Sequence[Step]:
        return tuple(
            Step(key=step.key, says=step.says, action=step.action) for step in super().plan(facts, options)
        )


class PlainEngine:
    """Calls stages just so, and notes how long it would have waited."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def do(self, stage: Callable[..., Any], *arguments: Any) -> Any:
        return stage(*arguments)

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)


@pytest.fixture
def shelf(tmp_path: Path, db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A system in care whose only component is a folder; the catalogue holds the test tasks."""
    tasks = [Shelf(), DangerousShelf(), RestoredShelf()]
    monkeypatch.setattr(knowledge, "BUILTIN", ())
    monkeypatch.setattr(knowledge, "build", lambda listed: Catalogue({task.spec.id: task for task in tasks}))
    knowledge.catalogue.cache_clear()
    monkeypatch.setattr(profiles, "load", lambda slug: Profile(slug=slug, title="Test"))
    Shelf.calls.clear()
    folder = tmp_path / "shelf"
    folder.mkdir()
    system = System.model_validate(
        {
            "slug": "test-college",
            "name": "Test College",
            "profile": "smart-education-erp",
            "environment": "scratch",
            "components": {"shelf": {"kind": "files", "path": str(folder)}},
        }
    )
    care.apply(system, by="test", at=timezone.now())
    yield folder
    knowledge.catalogue.cache_clear()


class Carrier:
    """Asks for runs and carries them out at once."""

    def __init__(self) -> None:
        self.engine = PlainEngine()

    def ask(self, task: str = "test.shelf", by: str = "keeper", **options: Any) -> Run:
        return request(task, "test-college", by=by, options=options)

    def carry_out(self, run: Run) -> Run:
        course.carry_out(self.engine, str(run.key), knowledge.catalogue().find(run.task).spec.risk)
        return Run.objects.get(pk=run.pk)

    def run(self, task: str = "test.shelf", **options: Any) -> Run:
        return self.carry_out(self.ask(task, **options))


@pytest.fixture
def carrier(shelf: Path) -> Carrier:
    return Carrier()


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with temporary_folder("schoolkeeper-kill-") as folder:
        yield folder


@pytest.fixture(scope="module")
def shared_plane(cluster: Cluster, home: Path) -> Iterator[ControlPlane]:
    """One control plane for all tests: making it takes longer than most of what they do."""
    name = f"keeper_{secrets.token_hex(4)}"
    with cluster.connect() as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    plane = ControlPlane(home, cluster.dsn(name))
    yield plane
    plane.close()
    with cluster.connect() as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def control_plane(shared_plane: ControlPlane) -> Iterator[ControlPlane]:
    yield shared_plane
    shared_plane.end_workers()
