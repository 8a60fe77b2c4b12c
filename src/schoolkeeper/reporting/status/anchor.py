"""The ledger's signed head, printed on the report: a paper kept elsewhere is an anchor for the ledger."""

from datetime import datetime

from django.conf import settings

from schoolkeeper.ledger import head, keys
from schoolkeeper.ledger.head import Head
from schoolkeeper.records.ledger import signing_key
from schoolkeeper.records.models import LedgerEntry


def collect(now: datetime) -> Head:
    """The head of the whole ledger, not of one system, signed as of the report.

    Unlike the heads of runs it is not noted beside the database: the report itself is where it is kept. A
    ledger that already has an entry later than `now` is signed as of that entry.
    """
    row = LedgerEntry.objects.order_by("-sequence").first()
    last = row.entry() if row else None
    at = max(now, last.at) if last else now
    private = keys.load_private(signing_key(settings.SCHOOLKEEPER_HOME))
    return head.sign(last, private, at, instance=settings.SCHOOLKEEPER_INSTANCE)
