"""Points Django at the test server, and makes no test depend on chance. A conftest, because it must override the
fixture of pytest-django."""

import hypothesis
import pytest
from django.db import connections

from schoolkeeper.connectors.postgres.cluster import Cluster
from schoolkeeper.server.configuration import django_database

# The same examples everywhere, and none of them too slow for a machine that does other things too.
hypothesis.settings.load_profile("ci")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(cluster: Cluster) -> None:
    """pytest-django makes its database wherever this points."""
    connections["default"].settings_dict.update(django_database(cluster.dsn("postgres")))
