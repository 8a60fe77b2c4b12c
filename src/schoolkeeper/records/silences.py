"""Passing over a known finding for a while: always with a reason, an end, and an entry in the ledger."""

from datetime import datetime, timedelta

from django.db import transaction

from schoolkeeper.kernel.errors import Refused
from schoolkeeper.records import ledger
from schoolkeeper.records.models import FindingRecord, Silence

LONGEST = timedelta(days=366)


@transaction.atomic
def silence(
    finding: FindingRecord, *, every_subject: bool, reason: str, until: datetime, by: str, now: datetime
) -> Silence:
    """Silence this finding (or all of its code on this system). Raises Refused without reason or proper end."""
    if not reason.strip():
        raise Refused("A silence needs a reason.")
    if not now < until <= now + LONGEST:
        raise Refused("A silence ends in the future, and within a year: a longer one would be forgotten.")
    made = Silence.objects.create(
        system=finding.system,
        code=finding.code,
        subject="" if every_subject else finding.subject,
        every_subject=every_subject,
        reason=reason.strip(),
        until=until,
        made_by=by,
        made_at=now,
    )
    ledger.append(
        "finding.silenced",
        actor=by,
        system=made.system,
        subject=made.code,
        data={
            "subject": made.subject,
            "every_subject": every_subject,
            "reason": made.reason,
            "until": until.isoformat(),
        },
        once=f"silence:{made.pk}",
    )
    return made


@transaction.atomic
def end(pk: int, *, by: str, now: datetime) -> None:
    """Let a silence end now. Raises Refused when it has ended already."""
    silence = Silence.objects.select_for_update().filter(pk=pk, until__gt=now).first()
    if silence is None:
        raise Refused("This silence has ended already.")
    silence.until = max(now, silence.made_at + timedelta(microseconds=1))
    silence.save(update_fields=["until"])
    ledger.append(
        "finding.silence_ended",
        actor=by,
        system=silence.system,
        subject=silence.code,
        data={"subject": silence.subject, "every_subject": silence.every_subject},
        once=f"silence:{silence.pk}:ended",
    )
