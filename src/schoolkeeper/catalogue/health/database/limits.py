"""What ends one day: transaction numbers, sequences, room for the write-ahead log; and how standbys keep up."""

from collections.abc import Iterator

from schoolkeeper.catalogue.health import Verdict, count, duration, level_from, size
from schoolkeeper.catalogue.health.database.facts import (
    Age,
    DatabaseFacts,
    Replica,
    Sequence,
    Server,
    Slot,
    Standby,
)
from schoolkeeper.catalogue.health.database.options import DatabaseOptions
from schoolkeeper.kernel.finding import Level

MIB = 1024 * 1024


def verdicts(facts: DatabaseFacts, options: DatabaseOptions) -> Iterator[Verdict]:
    for age in facts.ages:
        yield from wraparound(age, options)
    yield from standby(facts.standby, options)
    for one in facts.replicas:
        yield from replica(one, facts.server, options)
    for slot in facts.slots:
        yield from replication_slot(slot, options)
    yield from unreadable(facts.sequences)
    for sequence in facts.sequences:
        yield from sequence_end(sequence, options)


def wraparound(age: Age, options: DatabaseOptions) -> Iterator[Verdict]:
    percent = max(age.transaction_percent, age.multixact_percent)
    if level := level_from(percent, options.wraparound_warning_percent, options.wraparound_error_percent):
        kind = "transaction" if age.transaction_percent >= age.multixact_percent else "multixact"
        yield Verdict(
            suffix="wraparound",
            level=level,
            subject=age.name,
            says=f"The database {age.name} is {percent:.1f} % of the way to {kind} wraparound; shortly before the "
            "end the whole server refuses to write.",
            hint="See what hinders autovacuum (old transactions, slots), then VACUUM (FREEZE) its oldest tables.",
            data={"transaction_age": age.transaction_age, "multixact_age": age.multixact_age},
        )


def standby(standby: Standby, options: DatabaseOptions) -> Iterator[Verdict]:
    """A standby that is cut off looks as if it had replayed everything: so that is looked at first."""
    if not standby.is_standby:
        return
    if not standby.is_receiving or standby.is_paused:
        why = "its replay is paused" if standby.is_paused else "it receives nothing from its primary"
        yield Verdict(
            suffix="replication_stopped",
            level=Level.WARNING,
            says=f"This server is a standby, and {why}; what it shows may be old.",
            hint="Look at its log; after a pause SELECT pg_wal_replay_resume(). Fine if it is fed by an archive.",
        )
    if level := level_from(standby.lag_seconds or 0.0, options.lag_warning_seconds, options.lag_error_seconds):
        yield Verdict(
            suffix="replication_lag",
            level=level,
            says=f"This standby is {duration(standby.lag_seconds or 0.0)} behind its primary.",
            hint="Look for a long query on the standby that holds the replay up, then at its disk.",
            data={"lag_seconds": standby.lag_seconds},
        )


def replica(replica: Replica, server: Server, options: DatabaseOptions) -> Iterator[Verdict]:
    if replica.lag_bytes is None and not server.sees_all:
        yield Verdict(
            suffix="unknown",
            level=Level.UNKNOWN,
            subject=f"standby {replica.name}",
            says=f"How far the standby {replica.name} is behind cannot be seen by this role.",
            hint="GRANT pg_monitor TO the role in the system definition.",
        )
        return
    lag_seconds, lag_mib = replica.lag_seconds or 0.0, (replica.lag_bytes or 0) / MIB
    levels = (
        level_from(lag_seconds, options.lag_warning_seconds, options.lag_error_seconds),
        level_from(lag_mib, options.lag_warning_mib, options.lag_error_mib),
    )
    if level := max((level for level in levels if level is not None), default=None):
        yield Verdict(
            suffix="replication_lag",
            level=level,
            subject=replica.name,
            says=f"The standby {replica.name} ({replica.state}) is {duration(lag_seconds)} and "
            f"{size(replica.lag_bytes or 0)} of log behind.",
            hint="Look at the network between the two, and for long queries on the standby.",
            data={"lag_seconds": replica.lag_seconds, "lag_bytes": replica.lag_bytes},
        )


def replication_slot(slot: Slot, options: DatabaseOptions) -> Iterator[Verdict]:
    held = level_from(slot.retained_bytes / MIB, options.slot_warning_mib, options.slot_error_mib)
    if slot.is_lost:
        yield Verdict(
            suffix="replication_slot",
            level=Level.ERROR,
            subject=slot.name,
            says=f"The replication slot {slot.name} is lost: the log that its reader needs is gone.",
            hint="Set its reader up anew, then SELECT pg_drop_replication_slot().",
        )
    elif held is not None and not slot.is_active:
        yield Verdict(
            suffix="replication_slot",
            level=held,
            subject=slot.name,
            says=f"Nobody reads the replication slot {slot.name}, which keeps "
            f"{size(slot.retained_bytes)} of log on the disk, and more with every change.",
            hint="Start its reader again, or drop the slot if there is none any more.",
            data={"retained_bytes": slot.retained_bytes},
        )


def unreadable(sequences: list[Sequence]) -> Iterator[Verdict]:
    names = [sequence.name for sequence in sequences if not sequence.is_readable]
    if names:
        yield Verdict(
            suffix="unknown",
            level=Level.UNKNOWN,
            subject="sequences",
            says=f"Our role cannot read {count(len(names), 'sequence')}, the first of them {names[0]}.",
            hint="GRANT SELECT ON ALL SEQUENCES IN SCHEMA …, or pg_read_all_data, to our role.",
            data={"sequences": names},
        )


def sequence_end(sequence: Sequence, options: DatabaseOptions) -> Iterator[Verdict]:
    if level := level_from(
        sequence.used_percent, options.sequence_warning_percent, options.sequence_error_percent
    ):
        feeds = f", which feeds {sequence.feeds}," if sequence.feeds else ""
        yield Verdict(
            suffix="sequence",
            level=level,
            subject=sequence.name,
            says=f"The sequence {sequence.name}{feeds} has used {sequence.used_percent:.1f} % of its range; "
            f"{sequence.numbers_left or 0:,.0f} numbers are left. After the last one no row can be added.",
            hint="Plan a change of the column to bigint with the product's vendor; it rewrites the table.",
            data={"used_percent": sequence.used_percent, "numbers_left": sequence.numbers_left},
        )
