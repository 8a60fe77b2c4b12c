"""What the API takes. Texts and times are bounded here, so that nothing strange gets any further."""

import json
import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Schema
from ninja.params import functions
from ninja.parser import Parser
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

from schoolkeeper.api.answers import WallClock
from schoolkeeper.kernel.errors import Invalid

DEEPEST = 20
LARGEST_BYTES = 1_000_000
_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_NO_NUL = r"^[^\u0000]*$"
_HALF = re.compile("[\ud800-\udfff]")


def _written(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("a time is written as a text")  # a bare number could be anything
    return value


def _in_time(moment: datetime) -> datetime:
    if not _FIRST <= moment < _LAST:
        raise ValueError("a time from the year 2000 to 2199")
    return moment.astimezone(UTC)


Moment = Annotated[AwareDatetime, BeforeValidator(_written), AfterValidator(_in_time)]
"""With its offset from UTC: a bare time would be everybody's."""
Name = Annotated[str, Field(max_length=300, pattern=_NO_NUL)]
Text = Annotated[str, Field(max_length=5000, pattern=_NO_NUL)]
Slug = Annotated[str, functions.Path(pattern=r"^[a-z0-9-]{1,63}$")]
Key = Annotated[str, functions.Path(min_length=1, max_length=300, pattern=_NO_NUL)]
Number = Annotated[int, functions.Path()]
SystemFilter = Annotated[str, functions.Query("", pattern=r"^[a-z0-9-]{0,63}$")]
NameFilter = Annotated[str, functions.Query("", max_length=300, pattern=_NO_NUL)]
Scope = Annotated[Literal["system", "host", "institution"], functions.Query()]
Flag = Annotated[bool, functions.Query(False)]
MaybeMoment = Annotated[Moment | None, functions.Query(None)]


class Careful(Parser):
    """Reads JSON bodies that a database can keep: no NUL, no half characters, no NaN, not bottomless."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The body. Raises Invalid saying what is wrong with it."""
        if len(request.body) > LARGEST_BYTES:
            raise Invalid("body", [f"at most {LARGEST_BYTES} bytes"])
        try:
            body = json.loads(request.body)
        except (ValueError, RecursionError) as error:
            raise Invalid("body", ["it is not JSON, or nested too deeply"]) from error
        if not isinstance(body, dict):
            raise Invalid("body", ["an object is wanted: {…}"])
        if faults := sorted(set(_faults(body, 0))):
            raise Invalid("body", faults)
        return body


def _faults(value: object, depth: int) -> Iterator[str]:
    if depth > DEEPEST:
        yield f"it is nested deeper than {DEEPEST} levels"
        return
    match value:
        case str():
            if "\x00" in value or _HALF.search(value):
                yield "a text holds a NUL or half of a character"
        case float():
            if not math.isfinite(value):
                yield "a number is not finite"
        case int():
            if abs(value) >= 2**63:
                yield "a number is too large"
        case list():
            for one in value:
                yield from _faults(one, depth + 1)
        case dict():
            for key, one in value.items():
                yield from _faults(key, depth + 1)
                yield from _faults(one, depth + 1)


class RunRequest(Schema):
    """Which task to carry out, with which of its options."""

    task: Name
    options: dict[str, Any] = Field(default_factory=dict)


class Decision(Schema):
    """A person's yes or no to the plan of a waiting run, in whose stead they decide, if anybody's. A no needs a
    reason."""

    grant: bool
    reason: Text = ""
    instead_of: Name = ""


class Reason(Schema):
    """Why, for whoever asks later."""

    reason: Text


class EntryChange(Schema):
    """Fields of an entry to be set; null brings one back to what is usual, and what is not named stays."""

    rule: Name | None = None
    at: WallClock | None = None
    zone: Name | None = None
    options: dict[str, Any] | None = None
    owner: Name | None = None
    deputy: Name | None = None
    priority: int | None = None
    late_after_minutes: int | None = None
    missed_after_minutes: int | None = None
    catch_up: Literal["run", "skip", "ask"] | None = None


class LimitRequest(Schema):
    """So many runs at a time in a place; an empty name is for each place of the scope."""

    scope: Literal["system", "host", "institution"]
    name: Name = ""
    runs: int


class FreezeRequest(Schema):
    """A freeze of a system, of an institution, or (with neither) of everything in care."""

    title: Name
    kind: Literal["hard", "soft"] = "hard"
    starts_at: Moment
    ends_at: Moment
    system: Name = ""
    institution: Name = ""


class WindowRequest(Schema):
    """A window of a system, of an institution, or (with neither) of everything in care."""

    title: Name
    starts_at: Moment
    ends_at: Moment
    allows: Literal["routine", "disruptive", "destructive"] = "disruptive"
    says: Text = ""
    system: Name = ""
    institution: Name = ""


class OverrideRequest(Schema):
    """Leave to change a system in spite of a freeze; an empty task is any."""

    system: Name
    task: Name = ""
    reason: Text
    hours: int = Field(4, ge=1, le=24)


class FeedRequest(Schema):
    """The calendar of an institution or a person; without `daily` it leaves out tasks that are done every day."""

    institution: Name = ""
    person: Name = ""
    daily: bool = True


class DelegationRequest(Schema):
    """While `of` is away, `to` decides in their stead."""

    of: Name
    to: Name
    starts_at: Moment
    ends_at: Moment
    reason: Text = ""
