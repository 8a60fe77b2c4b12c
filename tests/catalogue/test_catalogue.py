"""The catalogue as a whole: sound, complete, and every task held to the laws."""

from dataclasses import replace
from pathlib import Path

import pytest

from schoolkeeper.catalogue.builtin import BUILTIN
from schoolkeeper.catalogue.database.analyze.task import Analyze
from schoolkeeper.catalogue.registry import build
from schoolkeeper.catalogue.requirements import requirements
from schoolkeeper.catalogue.task import AnyTask
from schoolkeeper.kernel.errors import Invalid
from schoolkeeper.kernel.spec import Risk, Undo

CATALOGUE = Path(__file__).parents[2] / "src/schoolkeeper/catalogue"


def with_spec(**changes: object) -> AnyTask:
    task = Analyze()
    task.spec = replace(Analyze.spec, **changes)  # type: ignore[misc, arg-type]
    return task


def test_the_built_in_catalogue_is_sound() -> None:
    assert list(build(BUILTIN)) == sorted(task.spec.id for task in BUILTIN)


def test_every_task_folder_is_registered_and_held_to_the_laws() -> None:
    folders = {path.parent for path in CATALOGUE.glob("*/*/task.py")}
    assert {task.spec.home for task in BUILTIN} == folders
    for folder in folders:
        tests = "".join(path.read_text() for path in folder.glob("test_*.py"))
        assert "(Conformance)" in tests, f"{folder.name} has no conformance test"


@pytest.mark.parametrize("task", BUILTIN, ids=lambda task: task.spec.id)
def test_options_have_help_and_defaults(task: AnyTask) -> None:
    task.options()
    for name, field in task.options.model_fields.items():
        assert field.description, f"{task.spec.id}: option {name} has no help line"


def test_all_faults_are_reported_together(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as caught:
        build(
            [
                Analyze(),
                Analyze(),
                with_spec(id="Bad Id"),
                with_spec(id="test.no_runbook", home=tmp_path),
                with_spec(id="test.liar", undo=Undo.NOTHING_WRITTEN, risk=Risk.READ_ONLY),
                with_spec(id="test.forward", undo=Undo.FORWARD_ONLY),
                with_spec(id="test.number", requirements=frozenset({"M999"})),
            ]
        )
    codes = {fault.split()[0] + " " + fault.split()[1].rstrip(":") for fault in caught.value.faults}
    assert {
        "catalogue.E001 database.analyze",
        "catalogue.E002 Bad",
        "catalogue.E003 test.no_runbook",
        "catalogue.E004 test.liar",
        "catalogue.E005 test.liar",
        "catalogue.E006 test.liar",
        "catalogue.E007 test.forward",
        "catalogue.E008 test.number",
    } <= codes


def test_an_unknown_task_names_the_known_ones() -> None:
    with pytest.raises(Invalid, match=r"known are: .*database\.analyze"):
        build(BUILTIN).find("database.analyse")


def test_there_are_144_requirements() -> None:
    assert [one.id for one in requirements()] == [f"M{number:03}" for number in range(1, 145)]
