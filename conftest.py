"""Points Django at the test server. A conftest, because it must override the fixture of pytest-django."""

import pytest
from django.db import connections

from schoolkeeper.connectors.postgres.cluster import Cluster
from schoolkeeper.server.configuration import django_database


@pytest.fixture(scope="session")
def django_db_modify_db_settings(cluster: Cluster) -> None:
    """pytest-django makes its database wherever this points."""
    connections["default"].settings_dict.update(django_database(cluster.dsn("postgres")))
