"""Moments in sentences that people read: by the clock of their school, and saying which clock that is."""

from datetime import datetime, tzinfo


def shown(at: datetime | None, zone: tzinfo) -> str:
    """A moment to the minute, such as `2026-11-24 05:00 AEDT`; nothing for none."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M %Z}" if at else ""
