"""Signing off what people do."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from schoolkeeper.kernel.errors import Invalid
from schoolkeeper.programme import attachments
from schoolkeeper.programme.models import Entry, Occurrence
from schoolkeeper.programme.signing import Answer, duty_of, sign_off

PART_BYTES = 2**16


def checklist(number: int) -> Sequence[str]:
    """The items of a duty. Raises Refused when the occurrence is not one of a duty."""
    return duty_of(Occurrence.objects.select_related("entry").filter(pk=number).first()).checklist


def answers(items: Sequence[str], not_done: Sequence[str]) -> list[Answer]:
    """A yes to each item but those that are typed as NUMBER=WHY. Raises Invalid."""
    why, faults = dict[int, str](), list[str]()
    for text in not_done:
        number, _, reason = text.partition("=")
        if number.isascii() and number.isdigit() and len(number) < 4 and 1 <= int(number) <= len(items):
            why[int(number)] = reason
        else:
            faults.append(f"--no: write ITEM=WHY with an item from 1 to {len(items)}, not {text!r}")
    if faults:
        raise Invalid("sign-off", faults)
    return [Answer(item, place not in why, why.get(place, "")) for place, item in enumerate(items, start=1)]


@transaction.atomic
def sign(number: int, given: Sequence[Answer], note: str, files: Sequence[Path], *, by: str) -> Entry:
    """Attach the files and sign off, both or neither; the entry. Raises Refused, Invalid, OSError for a file."""
    now = timezone.now()
    for file in files:
        attachments.attach(
            number, file.name, _parts(file), home=settings.SCHOOLKEEPER_HOME, by=by, has_role=True, now=now
        )
    # Whoever works on this machine's records needs no role: they could write them as well.
    return sign_off(number, given, by=by, has_role=True, now=now, note=note).occurrence.entry


def _parts(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while part := stream.read(PART_BYTES):
            yield part
