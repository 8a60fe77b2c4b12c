"""How much of the programme may go on at a time."""

from collections.abc import Sequence

from django.utils import timezone
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from schoolkeeper.kernel.errors import Invalid
from schoolkeeper.programme import limits
from schoolkeeper.programme.limits import LimitView


def put(settings: Sequence[str], *, by: str) -> None:
    """Set limits as typed: `host=4` for each machine, `host:web1=2` for one. Raises Invalid."""
    faults, parsed = [], []
    for text in settings:
        place, _, runs = text.rpartition("=")
        if place and runs.isascii() and runs.isdigit() and len(runs) < 10:
            scope, _, name = place.partition(":")
            parsed.append((scope, name, int(runs)))
        else:
            faults.append(f"--set: write SCOPE=RUNS or SCOPE:NAME=RUNS such as host:web1=2, not {text!r}")
    if faults:
        raise Invalid("limits", faults)
    for scope, name, count in parsed:
        limits.put(scope, name, count, by=by, now=timezone.now())


def reset(places: Sequence[str], *, by: str) -> None:
    """Bring limits back to what is usual: `host` or `host:web1`. Raises Invalid."""
    for place in places:
        scope, _, name = place.partition(":")
        limits.reset(scope, name, by=by)


def render(lines: Sequence[LimitView]) -> RenderableType:
    """A table."""
    table = Table("For", "Runs at a time", "Set by", box=None, pad_edge=False)
    for line in lines:
        where = Text(f"{line.scope} {line.name}" if line.name else f"each {line.scope}")
        table.add_row(where, str(line.runs), Text(line.made_by or "usual"))
    return table
