"""A fixed cast: one signed-in browser for each role, one account without a role, and nobody."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from schoolkeeper.catalogue.builtin import BUILTIN
from schoolkeeper.catalogue.recover.files.task import RecoverFiles
from schoolkeeper.catalogue.recover.rows.task import RecoverRows
from schoolkeeper.catalogue.recover.system.task import RecoverSystem
from schoolkeeper.engine import knowledge
from tests.controlroom import believable
from tests.controlroom.browser import PASSWORD


@pytest.fixture(autouse=True)
def quick_passwords(settings: Settings) -> None:
    """Hashing passwords well is slow on purpose; that is not what is tested here."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def own_home(settings: Settings, tmp_path: Path) -> None:
    """Heads that one test signed would contradict the ledger of the next."""
    settings.SCHOOLKEEPER_HOME = tmp_path


@pytest.fixture
def now(db: None) -> datetime:
    return timezone.now()


@pytest.fixture
def users(db: None) -> Mapping[str, User]:
    return believable.people()


@pytest.fixture
def cast(users: Mapping[str, User]) -> Mapping[str, Client]:
    """Browsers by role; `stranger` has an account without a role, `nobody` has none."""
    users = {**users, "stranger": User.objects.create_user("stranger", password=PASSWORD)}
    browsers = {"nobody": Client()}
    for role, user in users.items():
        browsers[role] = Client()
        browsers[role].force_login(user)
    return browsers


@pytest.fixture
def recoveries(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The tasks that recover are in the catalogue, whether or not every installation gets them."""
    there = {task.spec.id for task in BUILTIN}
    more = [task for task in (RecoverFiles(), RecoverRows(), RecoverSystem()) if task.spec.id not in there]
    monkeypatch.setattr(knowledge, "BUILTIN", (*BUILTIN, *more))
    knowledge.catalogue.cache_clear()
    yield
    knowledge.catalogue.cache_clear()


@pytest.fixture
def system(now: datetime) -> str:
    """The slug of a system in care that nobody has looked at yet."""
    return believable.take_into_care("north-college", "North College ERP", now).slug


@pytest.fixture
def ended(system: str, now: datetime) -> Callable[..., int]:
    """Puts a run that ended just now into the records, each after the one before; its number."""
    later = count(0, 3)

    def end(task: str, case: str = "well") -> int:
        return believable.ended(system, believable.Told(task, case), now + timedelta(seconds=next(later))).pk

    return end
