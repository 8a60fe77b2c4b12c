"""Making a process ready to work with the control-plane database: its address, Django, the tables."""

import os

import django

# Any number will do, as long as nobody else in this database uses it: two starts must not migrate at once.
_MIGRATION_LOCK = 0x5C4001_316


def set_up_django(database_url: str) -> None:
    """Give this process, and those that it starts, the database's address, and load Django.

    Once in a process. Raises Invalid, listing all faults, when the configuration is wrong.
    """
    os.environ["SCHOOLKEEPER_DATABASE_URL"] = database_url
    os.environ["DJANGO_SETTINGS_MODULE"] = "schoolkeeper.server.settings"
    django.setup()


def migrate() -> bool:
    """Bring the tables to this release; whether there was anything to do. One process at a time."""
    # Django's database layer can be imported only after `set_up_django`.
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_MIGRATION_LOCK])
        try:
            executor = MigrationExecutor(connection)
            if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
                return False
            call_command("migrate", verbosity=0, interactive=False)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_MIGRATION_LOCK])
    return True


def install_roles() -> None:
    """Make the roles' permissions those of this release."""
    from django.apps import apps

    from schoolkeeper.controlroom.roles import install

    install(apps.get_app_config("controlroom"))
