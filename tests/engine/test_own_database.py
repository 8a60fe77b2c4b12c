"""What Schoolkeeper's own runs are recorded in is not replaced by one of them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from schoolkeeper.catalogue.builtin import BUILTIN
from schoolkeeper.connectors.system import System
from schoolkeeper.engine import gate
from schoolkeeper.engine.case import open_case
from schoolkeeper.engine.own_database import replaces_own
from schoolkeeper.engine.request import request
from schoolkeeper.estate import care
from schoolkeeper.kernel.errors import Refused
from schoolkeeper.kernel.spec import Spec
from schoolkeeper.records.models import Run
from schoolkeeper.testing.arrange import secret_file

SPECS: dict[str, Spec] = {task.spec.id: task.spec for task in BUILTIN}
DESTROYING = ("recover.system", "recover.point_in_time", "recover.rows")


def address(host: str | None = None, database: str | None = None) -> str:
    own = connection.settings_dict
    login = f"{own['USER']}:{own['PASSWORD']}"
    return f"postgresql://{login}@{host or own['HOST']}:{own['PORT']}/{database or own['NAME']}"


@pytest.fixture
def at(tmp_path: Path, db: None) -> Callable[[str], System]:
    """A system in care whose database is at this address."""

    def take(dsn: str) -> System:
        stores = {"kind": "store", "path": str(tmp_path), "recipients": [RECIPIENT]}
        database = {"kind": "postgres", "dsn": secret_file(tmp_path, "dsn", dsn)}
        system = System.model_validate(
            {
                "slug": "keeper",
                "name": "Ours",
                "profile": "schoolkeeper",
                "environment": "production",
                "components": {"database": database, "backups": stores},
            }
        )
        care.apply(system, by="test", at=timezone.now())
        return system

    return take


RECIPIENT = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"


@pytest.mark.parametrize("task", DESTROYING)
def test_it_is_refused_when_it_is_asked_for(at: Callable[[str], System], task: str) -> None:
    at(address())
    with pytest.raises(Refused, match=f"schoolkeeper rescue {task}"):
        request(task, "keeper", by="keeper")
    assert not Run.objects.exists()


def test_what_destroys_nothing_is_not(at: Callable[[str], System]) -> None:
    system = at(address())
    for task in ("backup.create", "backup.drill", "database.analyze"):
        assert replaces_own(SPECS[task], system, ask=True) is None


def test_another_name_of_this_machine_is_no_way_round(at: Callable[[str], System]) -> None:
    at(address("localhost"))
    with pytest.raises(Refused):
        request("recover.system", "keeper", by="keeper")


def test_an_address_that_nobody_recognises_is_found_out_at_the_gate(at: Callable[[str], System]) -> None:
    """127.1 is 127.0.0.1 to the resolver; a pooler or a name in the network would be like it."""
    at(address("127.1"))
    run = request("recover.system", "keeper", by="keeper")
    refusal = gate.refusal(open_case(str(run.key)), timezone.now())
    assert refusal is not None
    assert refusal.rule == "own"
    assert "schoolkeeper rescue recover.system" in refusal.says


def test_another_database_is_a_system_like_any_other(at: Callable[[str], System]) -> None:
    for dsn in (address(database="postgres"), "postgresql://x:y@127.0.0.1:1/schoolkeeper", "nonsense"):
        assert replaces_own(SPECS["recover.system"], at(dsn), ask=True) is None


def test_the_folder_of_the_embedded_server_counts_too(at: Callable[[str], System]) -> None:
    system = at(address(database="postgres"))
    for path, is_own in ((settings.SCHOOLKEEPER_HOME, True), (settings.SCHOOLKEEPER_HOME / "keys", False)):
        files = {"kind": "files", "path": str(path)}
        wider = {**system.model_dump(), "components": {**system.model_dump()["components"], "all": files}}
        reason = replaces_own(SPECS["recover.system"], System.model_validate(wider), ask=True)
        assert (reason is not None) is is_own
