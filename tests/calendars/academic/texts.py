"""Calendars written out, as schools export them."""


def calendar(*events: str) -> str:
    parts = "\r\n".join(f"BEGIN:VEVENT\r\n{event.strip()}\r\nEND:VEVENT".replace("\n", "\r\n") for event in events)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//School//EN\r\n{parts}\r\nEND:VCALENDAR\r\n".replace(
        "\r\r", "\r"
    )


def event(uid: str, title: str, start: str, *more: str) -> str:
    """`start` as in the file: 20260601 is a day, 20260601T090000Z a moment."""
    begin = f"DTSTART;VALUE=DATE:{start}" if len(start) == 8 else f"DTSTART:{start}"
    return "\n".join([f"UID:{uid}", f"SUMMARY:{title}", begin, *more])
