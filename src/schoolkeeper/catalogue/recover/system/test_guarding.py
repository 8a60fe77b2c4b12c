"""Each thing that speaks against a recovery, alone: what is changed of a sound case, and the rules that say no."""

import json
from pathlib import Path
from typing import Any

import pytest

from schoolkeeper.catalogue.recover.system.facts import RecoverFacts, SystemOptions
from schoolkeeper.catalogue.recover.system.guarding import objections

FIXTURES = Path(__file__).parent / "fixtures"
HELD = {"component": "archive", "by": "restic", "is_known": True, "is_there": True}
EMPTY: dict[str, Any] = {"database.is_empty": True, "folders.0.is_empty": True}
Changes = dict[str, Any]


def rules(case: str, changes: Changes, **options: object) -> set[str]:
    """The rules that object to what a decision file says, with some of its facts changed, by their paths."""
    read = json.loads((FIXTURES / f"{case}.json").read_text(encoding="utf-8"))
    facts = read["facts"]
    for path, value in changes.items():
        *way, last = path.split(".")
        place = facts
        for name in way:
            place = place[int(name)] if isinstance(place, list) else place[name]
        assert last in place or last == "is_invalid", path
        place[last] = value
    found = objections(
        RecoverFacts.model_validate(facts), SystemOptions.model_validate({**read["options"], **options})
    )
    return {one.rule for one in found}


@pytest.mark.parametrize(
    ("changes", "options", "against"),
    [
        ({}, {}, set()),
        ({}, {"confirm": ""}, {"confirm"}),
        ({}, {"confirm": "training"}, {"confirm"}),
        ({"chosen": None}, {}, {"set"}),
        ({"obstacle": "nobody has the key"}, {}, {"key"}),
        *(({"chosen.proof": proof}, {}, {"proof"}) for proof in ("fails", "none", "suspect")),
        *(({"chosen.proof": proof}, {"unproven": True}, set()) for proof in ("fails", "none", "suspect")),
        ({"chosen.source.product": "mariadb"}, {}, {"product"}),
        ({"database_kind": "mariadb", "database": None}, {}, {"product"}),
        ({"chosen.profile": "moodle"}, {}, {"profile"}),
        ({"absent": ["archive"]}, {}, {"folder archive"}),
        ({"chosen.held": [HELD]}, {}, set()),
        ({"chosen.held": [{**HELD, "is_known": False}]}, {}, {"held"}),
        ({"chosen.held": [{**HELD, "is_there": False}]}, {}, {"held"}),
        ({}, {"into": "training"}, {"into"}),
        ({}, {"into": "north-college"}, set()),
        ({"shared_with": ["south-college"]}, {}, {"shared"}),
    ],
)
def test_the_set_and_what_was_typed(changes: Changes, options: Changes, against: set[str]) -> None:
    assert rules("ready", changes, **options) == against


@pytest.mark.parametrize(
    ("changes", "options", "against"),
    [
        ({"database.system_identifier": "8"}, {}, {"identity"}),
        ({"database.system_identifier": None}, {}, {"identity"}),
        ({"database.database": "other"}, {}, {"identity"}),
        ({"chosen.source.system_identifier": None}, {}, {"identity"}),
        ({"chosen.source.system_identifier": None, "database.system_identifier": None}, {}, {"identity"}),
        ({}, {"new_server": True}, set()),
        ({"database.system_identifier": "8"}, {"new_server": True}, {"new_server"}),
        ({"database.system_identifier": "8", **EMPTY}, {"new_server": True}, set()),
        ({"database.system_identifier": "8", **EMPTY}, {}, {"identity"}),
        (
            {"database.system_identifier": "8", **EMPTY, "database.is_empty": None},
            {"new_server": True},
            {"new_server"},
        ),
        (
            {"database.system_identifier": "8", **EMPTY, "folders.0.is_empty": False},
            {"new_server": True},
            {"new_server"},
        ),
        (
            {"chosen.source.system_identifier": None, "database.system_identifier": None},
            {"new_server": True},
            {"new_server"},
        ),
    ],
)
def test_only_the_database_that_the_set_was_taken_from(
    changes: Changes, options: Changes, against: set[str]
) -> None:
    assert rules("ready", changes, **options) == against


@pytest.mark.parametrize(
    ("changes", "options", "against"),
    [
        ({}, {}, set()),
        ({}, {"into": ""}, {"into"}),
        ({}, {"into": "north-college"}, {"into"}),
        ({"environment": "production"}, {}, {"environment"}),
        ({"can_neutralise": False}, {}, {"neutralise"}),
        ({"chosen.held": [HELD]}, {}, {"held"}),
        ({"database.database": "erp"}, {}, {"identity"}),
        ({"database.database": "erp", "database.system_identifier": "8"}, {}, set()),
        ({"database.database": "erp", "database.system_identifier": None}, {}, {"identity"}),
        ({"database.database": "erp", "chosen.source.system_identifier": None}, {}, {"identity"}),
        ({"database.system_identifier": None}, {}, set()),
        ({"shared_with": ["south-college"]}, {}, {"shared"}),
        ({"system": "north-college"}, {"confirm": "north-college", "into": "north-college"}, set()),
        ({"system": "north-college"}, {"confirm": "north-college", "into": ""}, {"into"}),
    ],
)
def test_a_copy_never_takes_the_place_of_its_source(changes: Changes, options: Changes, against: set[str]) -> None:
    assert rules("clone", changes, **options) == against


@pytest.mark.parametrize(
    ("changes", "options", "against"),
    [
        ({}, {"rename_aside": False}, {"database", "folder uploads"}),
        ({"database.is_empty": None, "folders.0.is_empty": True}, {"rename_aside": False}, {"database"}),
        (EMPTY, {"rename_aside": False}, set()),
        ({"database.is_template": True}, {}, {"template"}),
        ({"database.is_invalid": True}, {}, {"invalid"}),
        ({"database.in_recovery": True}, {}, {"read_only"}),
        ({"database.read_only": True}, {}, {"read_only"}),
        ({"database.prepared_transactions": 1}, {}, {"prepared"}),
        ({"database.server_major": 15}, {}, {"version"}),
        ({"database.server_major": 17}, {}, set()),
        ({"database.absent_extensions": ["postgis"]}, {}, {"extension postgis"}),
        ({"database.same_server": False}, {}, {"admin_dsn"}),
        ({"database.lacking": ["the attribute CREATEDB"]}, {}, {"rights"}),
        ({"folders.0.is_link": True}, {}, {"folder uploads"}),
        ({"folders.0.is_folder": False}, {}, {"folder uploads"}),
        ({"folders.0.own_file_system": True}, {}, {"folder uploads"}),
        ({"folders.0.parent_exists": False}, {}, {"folder uploads"}),
        ({"folders.0.parent_writable": False}, {}, {"folder uploads"}),
    ],
)
def test_where_it_is_to_go(changes: Changes, options: Changes, against: set[str]) -> None:
    assert rules("ready", changes, **options) == against


@pytest.mark.parametrize(
    ("changes", "against"),
    [
        ({}, set()),
        ({"database.is_replica": True}, {"read_only"}),
        ({"database.read_only": True}, {"read_only"}),
        ({"database.names_itself": ["view transcript"]}, set()),
        (
            {
                "database.names_itself": ["view transcript"],
                "database.database": "copy",
                "system": "training",
                "environment": "staging",
            },
            {"name"},
        ),
    ],
)
def test_where_it_is_to_go_on_mariadb(changes: Changes, against: set[str]) -> None:
    system = str(changes.get("system", "north-college"))
    assert rules("ready_mariadb", changes, confirm=system, into=system) == against


def test_a_folder_in_another_one() -> None:
    read = json.loads((FIXTURES / "ready.json").read_text(encoding="utf-8"))["facts"]
    inner = {**read["folders"][0], "component": "photos", "path": "/srv/erp/uploads/photos"}
    sizes = [*read["chosen"]["folders"], {"component": "photos", "files": 1, "size_bytes": 0}]
    changes = {"folders": [*read["folders"], inner], "chosen.folders": sizes}
    assert rules("ready", changes) == {"folder photos"}
    beside = {**inner, "path": "/srv/erp/uploads-photos"}
    assert rules("ready", {**changes, "folders": [*read["folders"], beside]}) == set()
