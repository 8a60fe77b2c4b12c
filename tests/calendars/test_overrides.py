"""Overrides: two people, whatever doors they come by."""

from datetime import timedelta

import pytest
from django.utils import timezone

from schoolkeeper.calendars import overrides
from schoolkeeper.kernel.errors import Refused

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("by", ["alice", "alice (command line)"])
@pytest.mark.parametrize("asked_by", ["alice", "alice (command line)"])
def test_nobody_grants_what_they_asked_for(asked_by: str, by: str) -> None:
    now = timezone.now()
    asked = overrides.ask(system="north-college", reason="the disk is full", by=asked_by, now=now)
    with pytest.raises(Refused, match="two people"):
        overrides.grant(asked.pk, by=by, now=now)
    assert overrides.valid("north-college", "storage.cleanup", now) is None
    overrides.grant(asked.pk, by="bob (command line)", now=now)
    assert overrides.valid("north-college", "storage.cleanup", now) == asked
    assert overrides.valid("north-college", "storage.cleanup", now + timedelta(hours=4)) is None
