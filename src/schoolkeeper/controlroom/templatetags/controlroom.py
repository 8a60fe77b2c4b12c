"""How the pages write times, states and numbers."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from schoolkeeper.calendars.models import Freeze
from schoolkeeper.controlroom import wording
from schoolkeeper.kernel.finding import Level
from schoolkeeper.kernel.spec import Risk

register = template.Library()


@register.simple_tag
def when(at: datetime | None, zone: str = "") -> SafeString | str:
    """A time in words, with the full time in the given zone as its title."""
    if at is None:
        return "never"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        at.isoformat(timespec="seconds"),
        wording.full(at, zone or settings.TIME_ZONE),
        wording.ago(at, timezone.now()),
    )


@register.simple_tag
def clock(at: datetime, zone: str = "") -> SafeString:
    """A time as it stands in full, in the given zone."""
    return format_html(
        '<time datetime="{}">{}</time>', at.isoformat(), wording.full(at, zone or settings.TIME_ZONE)
    )


@register.simple_tag
def day_and_time(at: datetime, zone: str = "") -> SafeString:
    """Day and time of the day where the system is: "Mon 23 Nov 2026, 09:32"."""
    return format_html(
        '<time datetime="{}">{}</time>', at.isoformat(), wording.day_and_time(at, zone or settings.TIME_ZONE)
    )


@register.simple_tag
def wall_time(at: datetime, zone: str) -> str:
    """A time as a form's field wants it, by the clock of a zone: "2026-11-23T09:32"."""
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M}"


@register.simple_tag
def whole_days(starts_at: datetime, ends_at: datetime, zone: str) -> str:
    """The days from one midnight to another: "Mon 23 Nov 2026", or with the last of them."""
    place = ZoneInfo(zone)
    first = starts_at.astimezone(place)
    last = ends_at.astimezone(place) - timedelta(microseconds=1)
    begins, ends = f"{first:%a %d %b %Y}", f"{last:%a %d %b %Y}"
    return begins if begins == ends else f"{begins} – {ends}"


@register.simple_tag
def freeze_kind(kind: str) -> SafeString:
    """The badge of a kind of freeze."""
    return badge(wording.FREEZES[kind])


@register.simple_tag
def freeze_badge(freeze: Freeze) -> SafeString:
    """The badge of a freeze that follows an event: its kind, or that somebody lifted it."""
    return badge(wording.FREEZE_LIFTED if freeze.lifted_at else wording.FREEZES[freeze.kind])


@register.simple_tag
def hour(at: datetime, zone: str = "") -> SafeString:
    """The time of the day alone, where the day is clear: "09:32"."""
    local = at.astimezone(ZoneInfo(zone or settings.TIME_ZONE))
    return format_html('<time datetime="{}">{}</time>', at.isoformat(), f"{local:%H:%M}")


@register.simple_tag
def badge(word: wording.Word, count: int | None = None) -> SafeString:
    """A state: colour, symbol and word together."""
    return format_html(
        '<span class="sk-badge sk-{}">'
        '<span class="material-symbols-outlined" aria-hidden="true">{}</span>{}{}</span>',
        word.tone,
        word.symbol,
        f"{count:,} " if count is not None else "",
        word.text,
    )


@register.simple_tag
def tally(word: wording.Word, count: int) -> SafeString:
    """The badge of so many that stand so: "3 late"."""
    return badge(wording.Word(word.text.lower(), word.tone, word.symbol), count)


@register.simple_tag
def level(value: int, count: int | None = None) -> SafeString:
    """The badge of a finding's level."""
    word = wording.LEVELS[Level(value)]
    if count is not None:
        text = word.text if count == 1 or value == Level.UNKNOWN else f"{word.text}s"
        word = wording.Word(text.lower(), word.tone, word.symbol)
    return badge(word, count)


@register.simple_tag
def health(value: int) -> SafeString:
    """The badge of a system's health."""
    return badge(wording.HEALTH[Level(value)])


@register.filter
def took(length: timedelta | None) -> str:
    return wording.span(length) if length is not None else ""


@register.filter
def took_roughly(length: timedelta) -> str:
    """An age: nobody wants to know it to the second."""
    return wording.span(timedelta(minutes=max(round(length / timedelta(minutes=1)), 1)))


@register.filter
def as_target(length: timedelta) -> str:
    return wording.target(length)


@register.filter
def as_size(size_bytes: float) -> str:
    return wording.size(size_bytes)


@register.filter
def counted(count: int, noun: str) -> str:
    """`3|counted:"run"` is "3 runs"; `"entry,entries"` gives both forms."""
    return wording.plural(count, *noun.split(","))


@register.simple_tag
def health_text(value: int) -> str:
    return wording.HEALTH[Level(value)].text


@register.simple_tag
def health_tone(value: int) -> str:
    return wording.HEALTH[Level(value)].tone


@register.simple_tag
def on_hold() -> SafeString:
    """The badge of a system that nothing may change until a person clears it."""
    return badge(wording.Word("On hold", "bad", "lock"))


@register.simple_tag
def risk(value: int) -> SafeString:
    """The badge of a task's risk."""
    return badge(wording.RISKS[Risk(value)])


@register.simple_tag
def ledger_kind(kind: str) -> str:
    return wording.LEDGER_KINDS.get(kind, kind)
