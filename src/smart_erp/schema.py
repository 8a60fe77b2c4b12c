"""Brings the schema to one release, up or down."""

from __future__ import annotations

import os

import django
from django.core.management import call_command

from smart_erp.releases import Release

# Children before parents: going up, Django first applies what a child needs; going down, no parent goes
# before its children.
LABELS = ("excuses", "finance", "academics", "people", "campus", "sessions", "admin", "auth", "contenttypes")


def migrate(release: Release) -> str:
    """Migrate to `release`, create the cache table and the roles, record the release; say what was done."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "smart_erp.settings_schema"
    django.setup()
    # Models can be imported only after django.setup().
    from smart_erp.campus.health import schema_release
    from smart_erp.campus.models import SchemaRelease
    from smart_erp.people.roles import grant_permissions

    before = schema_release()
    for label in LABELS:
        target = [release.migrations[label]] if label in release.migrations else []
        call_command("migrate", label, *target, verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)
    grant_permissions()
    if before == release.version:
        return f"schema is at {release.version} already"
    SchemaRelease.objects.create(version=release.version)
    return f"schema went from {before or 'nothing'} to {release.version}"
