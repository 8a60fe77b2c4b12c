"""What was given up for a time that has not come: the clock had been ahead, and was set back."""

from datetime import datetime

from django.db import connection, transaction

from schoolkeeper.programme.scheduler.catching_up import CATCHING_UP
from schoolkeeper.records import findings, ledger

# Missed is for good, but not before it was due. By the index of missed ones: nearly always there is none.
_GIVE_BACK = """
UPDATE programme_occurrence AS occurrence
   SET state = 'due', not_before = due_at, reason = '', says = '', ended_at = NULL, caught_up_by_id = NULL
  FROM programme_entry AS entry
 WHERE entry.id = occurrence.entry_id AND entry.retired_at IS NULL AND occurrence.state = 'missed'
   AND occurrence.ended_at > %(now)s AND occurrence.due_at > %(now)s
   AND occurrence.run_id IS NULL AND occurrence.cause <> %(second)s
"""
_TAKE_AWAY = """
DELETE FROM programme_occurrence AS second
 WHERE state = 'due' AND cause = %(second)s AND due_at > %(now)s
   AND NOT EXISTS (SELECT FROM programme_occurrence WHERE caught_up_by_id = second.id)
   AND NOT EXISTS (SELECT FROM programme_attachment WHERE occurrence_id = second.id)
"""


@transaction.atomic
def give_back(now: datetime) -> int:
    """Let be due what was missed without having been due, and take its second chances away; how many.

    What was begun under the wrong clock was begun, and is not begun again.
    """
    names: dict[str, datetime | str] = {"now": now, "second": CATCHING_UP}
    with connection.cursor() as cursor:
        cursor.execute(_GIVE_BACK, names)
        given: int = cursor.rowcount
        if not given:
            return 0
        cursor.execute(_TAKE_AWAY, names)
    findings.not_seen_after(now)
    ledger.append("occurrence.given_back", actor="programme", subject="scheduler", data={"occurrences": given})
    return given
