"""A database in which transactions are real."""

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import connection
from pytest_django import DjangoDbBlocker

from schoolkeeper.server.configuration import django_database


@pytest.fixture
def own_database(
    django_db_modify_db_settings: None, django_db_blocker: DjangoDbBlocker, database: str
) -> Iterator[None]:
    """Schoolkeeper's tables for one test that commits: nobody can empty the ledger behind it."""
    usual = dict(connection.settings_dict)
    _leave()
    connection.settings_dict.update(django_database(database))
    with django_db_blocker.unblock():
        call_command("migrate", verbosity=0)
        yield
    _leave()
    connection.settings_dict.update(usual)


def _leave() -> None:
    connection.close()
    connection.close_pool()
