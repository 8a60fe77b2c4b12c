"""How long recoveries took, and how old the newest backup got, beside what was promised."""

from datetime import timedelta

from django.utils import timezone
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from schoolkeeper.controlroom import wording
from schoolkeeper.controlroom.queries.trend import Recoveries, StretchTold, recoveries
from schoolkeeper.estate.care import find


def found(slug: str, days: int, *, weekly: bool) -> Recoveries:
    """What the records say of the last days. Raises Invalid when the system is not in our care."""
    return recoveries(find(slug), timezone.now(), days, weekly=weekly)


def render(shown: Recoveries) -> RenderableType:
    """One row a stretch; stretches of which nothing is known are left out, which is said."""
    known = [one for one in shown.stretches if one.run is not None or one.oldest_seconds is not None]
    if not known:
        return Text("Nothing is known: no backup was taken or tried in this time.")
    rto, rpo = shown.rto_seconds, shown.rpo_seconds
    caption = f"Promised: back within {_target(rto)}, at most {_target(rpo)} of work lost."
    if left := len(shown.stretches) - len(known):
        caption += f" Nothing is known of {left} others."
    table = Table("From", "A recovery takes", "Run", "Newest set got as old as", box=None, pad_edge=False)
    for one in known:
        run = str(one.run) if one.run is not None else ""
        table.add_row(f"{one.day}", _recovery(one, rto), run, _against(one.oldest_seconds, rpo))
    table.caption, table.caption_justify = caption, "left"
    return table


def _recovery(one: StretchTold, target: float) -> Text:
    if one.restores is False:
        return Text("it did NOT restore", "red")
    return _against(one.recovery_seconds, target) if one.restores else Text("not tried", "yellow")


def _against(seconds: float | None, target: float) -> Text:
    if seconds is None:
        return Text("unknown", "magenta")
    kept = seconds <= target
    return Text(_span(seconds) + ("" if kept else ", more than promised"), "green" if kept else "red")


def _span(seconds: float) -> str:
    return wording.span(timedelta(seconds=seconds))


def _target(seconds: float) -> str:
    return wording.target(timedelta(seconds=seconds))
