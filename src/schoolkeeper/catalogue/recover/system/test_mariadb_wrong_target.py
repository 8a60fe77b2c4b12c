"""Ways to recover into the wrong MariaDB database. Each is refused, and changes nothing."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from schoolkeeper.catalogue.backup.create.task import Create
from schoolkeeper.catalogue.backup.drill.task import Drill
from schoolkeeper.catalogue.backup.test_arrange import (
    back_up,
    carry_out,
    findings,
    manifest_of,
    rewrite_manifest,
)
from schoolkeeper.catalogue.recover.system.test_mariadb_school import (
    PROFILE,
    MariaSchool,
    a_mariadb_school,
    databases,
    on,
    refusals,
)
from schoolkeeper.connectors.mariadb.component import MariadbComponent
from schoolkeeper.connectors.mariadb.server import MariaServer
from schoolkeeper.kernel.finding import Level
from schoolkeeper.testing.arrange import secret_file


@pytest.fixture
def school(mariadb: str, mariadb_server: MariaServer) -> Iterator[MariaSchool]:
    with a_mariadb_school(mariadb, mariadb_server) as school:
        yield school


def change_source(school: MariaSchool, set_id: str, **changes: object) -> None:
    part = manifest_of(school, set_id).database
    part = part.model_copy(update={"source": part.source.model_copy(update=changes)})
    rewrite_manifest(school, manifest_of(school, set_id).model_copy(update={"database": part}))


WRONG: dict[str, tuple[Callable[[MariaSchool, str], object], dict[str, Any], str]] = {
    "another slug": (lambda school, set_id: None, {"confirm": "north"}, "confirm"),
    "not empty": (lambda school, set_id: None, {"rename_aside": False}, "database"),
    "another server": (
        lambda school, set_id: change_source(school, set_id, system_identifier="another"),
        {},
        "identity",
    ),
    "a server of unknown identity": (
        lambda school, set_id: change_source(school, set_id, system_identifier=None),
        {},
        "identity",
    ),
    "another database": (lambda school, set_id: change_source(school, set_id, database="erp"), {}, "identity"),
    "a new server that is not empty": (
        lambda school, set_id: change_source(school, set_id, system_identifier="another"),
        {"new_server": True},
        "new_server",
    ),
    "another product": (lambda school, set_id: change_source(school, set_id, product="postgres"), {}, "product"),
    "a newer release": (
        lambda school, set_id: change_source(school, set_id, server_version="99.1.2"),
        {},
        "version",
    ),
    "nobody proved it": (lambda school, set_id: None, {"unproven": False}, "proof"),
}


@pytest.mark.parametrize("way", WRONG)
def test_the_wrong_way_is_refused(school: MariaSchool, way: str) -> None:
    arrange, answers, rule = WRONG[way]
    arrange(school, back_up(school, profile=PROFILE))
    before, there = school.state(), databases(school)
    subject = on(school, **answers)
    assert subject.plan() == ()
    assert rule in refusals(subject)
    assert (school.state(), databases(school)) == (before, there)


def test_an_account_without_the_rights(school: MariaSchool) -> None:
    back_up(school, profile=PROFILE)
    subject = on(school)
    own = MariadbComponent(kind="mariadb", dsn=secret_file(school.folder, "dsn", school.dsn))
    components = {**subject.system.components, "database": own}
    subject.system = subject.system.model_copy(update={"components": components})
    assert "rights" in refusals(subject)


def test_a_database_that_another_system_is_backed_up_from(school: MariaSchool) -> None:
    neighbour = school.subject(Create())
    neighbour.system = neighbour.system.model_copy(update={"slug": "south-college"})
    carry_out(neighbour)
    change_source(school, back_up(school, profile=PROFILE), system_identifier="another")
    assert "shared" in refusals(on(school, new_server=True))


def test_a_proven_set_needs_no_excuse(school: MariaSchool) -> None:
    back_up(school, profile=PROFILE)
    drilled = school.subject(Drill())
    assert findings(drilled, carry_out(drilled), Level.ERROR) == []
    subject = on(school, unproven=False)
    assert refusals(subject) == set()
    assert subject.plan()
