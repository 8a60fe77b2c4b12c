"""The order of a day is a decision about data: declarations and a system in, tasks out."""

from pathlib import Path

import pytest

from schoolkeeper.catalogue.builtin import BUILTIN
from schoolkeeper.catalogue.registry import build
from schoolkeeper.connectors.system import System
from schoolkeeper.kernel.errors import Invalid
from schoolkeeper.kernel.spec import Cadence, Kind, Risk, Spec, Undo
from schoolkeeper.programme.order import due, fits, in_order


def spec(
    task_id: str, *after: str, reads: str = "host", writes: str = "", cadence: Cadence = Cadence.DAILY
) -> Spec:
    return Spec(
        id=task_id,
        version=1,
        title=task_id,
        summary=task_id,
        kind=Kind.PREVENTIVE,
        risk=Risk.ROUTINE if writes else Risk.READ_ONLY,
        undo=Undo.DERIVED if writes else Undo.NOTHING_WRITTEN,
        reads=frozenset(reads.split()),
        writes=frozenset(writes.split()),
        cadence=cadence,
        requirements=frozenset(),
        after=frozenset(after),
        home=Path(),
    )


def system(**components: dict[str, object]) -> System:
    return System.model_validate(
        {"slug": "s", "name": "S", "profile": "p", "environment": "scratch", "components": components}
    )


HOST = system(host={"kind": "host"})


def ids(specs: tuple[Spec, ...]) -> list[str]:
    return [one.id for one in specs]


def test_looking_comes_before_changing_and_then_the_id_decides() -> None:
    specs = [spec("a.change", writes="host"), spec("z.look"), spec("b.look")]
    assert ids(in_order(specs)) == ["b.look", "z.look", "a.change"]


def test_a_declaration_outranks_both() -> None:
    specs = [
        spec("a.drill", "z.create", writes="host"),
        spec("z.create", writes="host"),
        spec("b.look", "a.drill"),
    ]
    assert ids(in_order(specs)) == ["z.create", "a.drill", "b.look"]


def test_what_does_not_come_today_is_not_waited_for() -> None:
    specs = [spec("a.drill", "b.create"), spec("b.create", cadence=Cadence.WEEKLY)]
    assert ids(due(specs, Cadence.DAILY, HOST)) == ["a.drill"]
    assert ids(due(specs, Cadence.WEEKLY, HOST)) == ["b.create"]
    assert due(specs, Cadence.ANNUAL, HOST) == ()


def test_a_task_needs_all_its_kinds_of_components() -> None:
    assert fits(spec("a.b"), HOST)
    assert fits(spec("a.b", writes="scratch"), HOST), "scratch is the worker's own"
    assert not fits(spec("a.b", reads="host postgres"), HOST)
    assert not fits(spec("a.b", writes="store"), HOST)
    assert not fits(spec("a.b"), system())


def test_the_catalogue_refuses_an_order_that_cannot_be() -> None:
    class Odd:
        def __init__(self, declared: Spec) -> None:
            self.spec = declared

    tasks = [Odd(spec("a.b", "c.d")), Odd(spec("c.d", "a.b")), Odd(spec("e.f", "no.such"))]
    with pytest.raises(Invalid) as caught:
        build(tasks)  # type: ignore[arg-type]
    codes = {fault.split()[0] for fault in caught.value.faults}
    assert {"catalogue.E009", "catalogue.E010"} <= codes
    assert "e.f: it comes after no.such" in str(caught.value)


def test_the_built_in_tasks_have_an_order() -> None:
    order = ids(in_order(task.spec for task in build(BUILTIN).values()))
    assert sorted(order) == sorted(task.spec.id for task in BUILTIN)
    if "backup.drill" in order:
        assert order.index("backup.create") < order.index("backup.drill")
