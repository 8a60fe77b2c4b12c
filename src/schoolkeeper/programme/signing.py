"""Signing off what people do: a person's word, the answers to the checklist, and what proves it."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.db import transaction

from schoolkeeper.kernel.canonical import digest
from schoolkeeper.kernel.errors import Invalid, Refused
from schoolkeeper.programme import duties
from schoolkeeper.programme.duties import Duty
from schoolkeeper.programme.models import Attachment, Entry, Occurrence, SignOff
from schoolkeeper.programme.scheduler.missing import settle
from schoolkeeper.records import ledger

EARLY = timedelta(days=14)
"""So long before it is due somebody may do it who will be away."""
_OPEN = (Occurrence.State.DUE, Occurrence.State.MISSED)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person says of one item of a checklist. A no needs a note; `done` None is no answer."""

    item: str
    done: bool | None
    note: str = ""


def may_sign(entry: Entry, person: str, *, has_role: bool) -> bool:
    """Whether a duty is theirs: the owner's, the deputy's, or of whoever has the role that plans the programme."""
    return has_role or person in {entry.owner, entry.deputy} - {""}


def demand_may_sign(entry: Entry, person: str, *, has_role: bool) -> None:
    """Raises Refused for whom a duty is not theirs."""
    if not may_sign(entry, person, has_role=has_role):
        whose = " or ".join(filter(None, (entry.owner, entry.deputy))) or "a keeper: it has no owner yet"
        raise Refused(f"This is for {whose}.")


def duty_of(occurrence: Occurrence | None) -> Duty:
    """The duty that an occurrence is of. Raises Refused when it is none, or there is no such occurrence."""
    if occurrence is None:
        raise Refused("There is no such occurrence.")
    duty = duties.find(occurrence.entry.task) if occurrence.entry.by_people else None
    if duty is None:
        raise Refused("Only what people do is signed off; the rest has runs and their evidence.")
    return duty


@transaction.atomic
def sign_off(
    pk: int, answers: Sequence[Answer], *, by: str, has_role: bool, now: datetime, note: str = ""
) -> SignOff:
    """Take a person's word that a duty was done.

    What was missed is done late by it. Raises Refused when it is not theirs or not open, and Invalid listing
    every item that has no answer, every no without a note, and the proof if it is asked for and not attached.
    """
    occurrence = Occurrence.objects.select_for_update(of=("self",)).select_related("entry").filter(pk=pk).first()
    duty = duty_of(occurrence)
    assert occurrence is not None
    demand_may_sign(occurrence.entry, by, has_role=has_role)
    _demand_open(occurrence, now)
    attached = list(Attachment.objects.filter(occurrence=occurrence).values_list("sha256", flat=True))
    if faults := list(_faults(duty, answers, bool(attached))):
        raise Invalid(duty.title, faults)
    given = [{**asdict(one), "note": one.note.strip()} for one in answers]
    signed = SignOff.objects.create(occurrence=occurrence, by=by, at=now, answers=given, note=note.strip())
    late = occurrence.state == Occurrence.State.MISSED or now > occurrence.late_at
    occurrence.state = Occurrence.State.LATE if late else Occurrence.State.DONE
    occurrence.started_at = occurrence.ended_at = now
    occurrence.save(update_fields=["state", "started_at", "ended_at"])
    entry = occurrence.entry
    data = {
        "occurrence": occurrence.pk,
        "due_at": occurrence.due_at.isoformat(),
        "answers": digest(given),
        "not_done": sum(one.done is False for one in answers),
        "attachments": attached,
    }
    settle(occurrence, now, earlier_too=True)
    ledger.append("duty.signed", actor=by, system=entry.system, subject=entry.task, data=data)
    return signed


def _demand_open(occurrence: Occurrence, now: datetime) -> None:
    if occurrence.state not in _OPEN:
        raise Refused(f"It is {occurrence.get_state_display().lower()} already.")
    if occurrence.caught_up_by_id:
        raise Refused(f"It is being caught up as occurrence {occurrence.caught_up_by_id}: sign that one off.")
    if occurrence.due_at > now + EARLY:
        days = EARLY // timedelta(days=1)
        raise Refused(
            f"It is due on {occurrence.due_at:%Y-%m-%d}; sign it off {days} days before at the earliest."
        )


def _faults(duty: Duty, answers: Sequence[Answer], has_attachments: bool) -> Iterator[str]:
    given = {one.item: one for one in answers}
    for number, item in enumerate(duty.checklist, start=1):
        answer = given.get(item)
        if answer is None or answer.done is None:
            yield f"{number}: answer it with yes or no"
        elif not answer.done and not answer.note.strip():
            yield f"{number}: say why not, or who does it until when"
    if unknown := given.keys() - set(duty.checklist):
        yield f"answers: {len(unknown)} of them belong to no item; the checklist has changed"
    if duty.evidence and not has_attachments:
        yield f"attachments: attach what proves it. {duty.evidence}"
