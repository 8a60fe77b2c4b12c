"""The moment that was asked for: read, looked up in the log, and a copy chosen from before it."""

from collections.abc import Callable, Sequence

from schoolkeeper.catalogue.recover.point_in_time.facts import Asked, PointOptions
from schoolkeeper.connectors.engines.archived_log import ArchivedLog
from schoolkeeper.connectors.engines.log_search import find_restore_point, find_transaction
from schoolkeeper.connectors.engines.protocol import Copy, Moment
from schoolkeeper.connectors.local_time import has_zone, read_time
from schoolkeeper.kernel.errors import Invalid, Permanent

SAY_ONE = (
    "Say one of before_time, before_transaction, restore_point, latest; `schoolkeeper backups timeline` helps."
)
NOT_YET = (
    "`schoolkeeper backups timeline` shows what is archived. If it is only minutes old, let the server's "
    "administrator run SELECT pg_switch_wal(), and try again."
)


def asked_for(options: PointOptions, zone: str, log: Callable[[], ArchivedLog]) -> Asked:
    """What the options ask for; transactions and restore points are looked up in the log."""
    said = [
        name for name in ("before_time", "before_transaction", "restore_point", "latest") if getattr(options, name)
    ]
    if len(said) != 1:
        fault = f"{len(said)} moments were said: {', '.join(said)}" if said else "No moment was said"
        return Asked(fault=fault, hint=SAY_ONE)
    try:
        match said[0]:
            case "before_time":
                return _time(options.before_time, zone)
            case "before_transaction":
                return _transaction(options.before_transaction, log)
            case "restore_point":
                return _restore_point(options.restore_point, log)
            case _:
                return Asked(what="latest")
    except Invalid as error:
        return Asked(fault=error.faults[0][0].upper() + error.faults[0][1:], hint="Write the time with its zone.")
    except Permanent as error:
        return Asked(fault=f"The log could not be searched: {error}", hint="Name a time, or mend the archive.")


def moment_of(asked: Asked) -> Moment:
    """The same for an engine."""
    match asked.what:
        case "time":
            return Moment(time=asked.time)
        case "transaction":
            return Moment(transaction=asked.name)
        case "restore point":
            return Moment(name=asked.name)
        case _:
            return Moment(latest=True)


def usable(copies: Sequence[Copy]) -> list[Copy]:
    """Whole copies of a database, the oldest first."""
    whole = [copy for copy in copies if copy.completed_at is not None and copy.holds and not copy.fault]
    return sorted(whole, key=_completed)


def choose(copies: Sequence[Copy], asked: Asked, wanted: str) -> Copy | None:
    """The wanted copy, else the newest that was complete at the moment."""
    if wanted:
        return next((copy for copy in copies if copy.id == wanted), None)
    return next((copy for copy in reversed(copies) if is_before(copy, asked)), None)


def is_before(copy: Copy, asked: Asked) -> bool:
    """Whether a copy was complete at a moment: only from then on it can be recovered to."""
    return asked.time is None or (copy.completed_at is not None and copy.completed_at <= asked.time)


def _time(text: str, zone: str) -> Asked:
    moment = read_time(text, zone)
    return Asked(what="time", name=text, time=moment, zone_assumed="" if has_zone(text) else zone)


def _transaction(text: str, log: Callable[[], ArchivedLog]) -> Asked:
    if not text.isdecimal():
        return Asked(fault=f"{text!r} is no number of a transaction", hint=SAY_ONE)
    end = find_transaction(log(), int(text))
    if end is None:
        return Asked(fault=f"The archived log has no transaction {text}", hint=NOT_YET)
    if not end.committed:
        return Asked(fault=f"The transaction {text} was rolled back, so it changed nothing", hint=SAY_ONE)
    return Asked(what="transaction", name=str(end.xid), time=end.at)


def _restore_point(name: str, log: Callable[[], ArchivedLog]) -> Asked:
    found = find_restore_point(log(), name)
    if found is None:
        return Asked(fault=f"The archived log has no restore point {name}", hint=NOT_YET)
    return Asked(what="restore point", name=name, time=found.after or found.not_after)


def _completed(copy: Copy) -> str:
    return copy.completed_at.isoformat() if copy.completed_at else ""
