"""Look at a PostgreSQL database: who holds it up, what is near its end, what has gone wrong."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from schoolkeeper.catalogue.health.database import limits, sessions, state
from schoolkeeper.catalogue.health.database.facts import DatabaseFacts
from schoolkeeper.catalogue.health.database.looking import look_at
from schoolkeeper.catalogue.health.database.options import DatabaseOptions
from schoolkeeper.catalogue.task import SystemTask
from schoolkeeper.connectors.look import Look
from schoolkeeper.kernel.finding import Finding
from schoolkeeper.kernel.measurement import Measurement
from schoolkeeper.kernel.spec import Cadence, Kind, Risk, Spec, Undo


class DatabaseHealth(SystemTask[DatabaseOptions, DatabaseFacts]):
    spec = Spec(
        id="health.database",
        version=1,
        title="Check the database",
        summary="Looks at connections, transactions, locks, replication, limits and errors that were counted.",
        kind=Kind.PREVENTIVE,
        risk=Risk.READ_ONLY,
        undo=Undo.NOTHING_WRITTEN,
        reads=frozenset({"postgres"}),
        cadence=Cadence.DAILY,
        requirements=frozenset({"M025", "M026", "M031", "M087"}),
        findings={
            "connections": "Few connections are left",
            "idle_in_transaction": "A transaction is open and idle",
            "long_statement": "A statement runs for long",
            "long_transaction": "A transaction has been open for long",
            "blocked": "Sessions wait for a lock",
            "prepared_transaction": "A prepared transaction was never ended",
            "checksum_failures": "Data on the disk is damaged",
            "deadlocks": "Transactions block each other",
            "rollbacks": "Many transactions are rolled back",
            "cache_hit": "Much is read from the disk",
            "temporary_files": "Queries write many temporary files",
            "invalid_index": "An index is not valid",
            "dead_rows": "A table has many dead rows",
            "wraparound": "Transaction numbers run out",
            "replication_stopped": "A standby does not follow",
            "replication_lag": "A standby is behind",
            "replication_slot": "An unused replication slot holds the log",
            "sequence": "A sequence is near its end",
        },
        home=Path(__file__).parent,
    )
    options = DatabaseOptions
    facts = DatabaseFacts

    def assess(self, look: Look, options: DatabaseOptions) -> DatabaseFacts:
        return look_at(look.postgres())

    def judge(self, facts: DatabaseFacts, options: DatabaseOptions) -> Sequence[Finding]:
        return [
            self.finding(said.suffix, said.level, said.says, subject=said.subject, hint=said.hint, data=said.data)
            for part in (sessions, state, limits)
            for said in part.verdicts(facts, options)
        ]

    def measure(self, facts: DatabaseFacts) -> Sequence[Measurement]:
        return list(_measurements(facts))


def _measurements(facts: DatabaseFacts) -> Iterator[Measurement]:
    """What this role could not see is left out, not reported as 0."""
    server, counters = facts.server, facts.counters
    yield Measurement("database.size_bytes", server.size_bytes)
    yield Measurement("database.connections_count", server.connections_used)
    yield Measurement("database.connections_percent", server.connections_percent)
    yield Measurement("database.transactions_count", counters.transactions)
    yield Measurement("database.deadlocks_count", counters.deadlocks)
    yield Measurement("database.temporary_bytes", counters.temporary_bytes)
    yield Measurement("database.blocked_sessions_count", len({pair.waiting_pid for pair in facts.blocked}))
    if counters.blocks:
        yield Measurement("database.cache_hit_percent", counters.cache_hit_percent)
    if counters.transactions:
        yield Measurement("database.rollback_percent", counters.rollback_percent)
    if not facts.hidden_sessions:
        longest = max((session.transaction_seconds for session in facts.sessions), default=0.0)
        yield Measurement("database.longest_transaction_seconds", longest)
    yield Measurement("database.oldest_xid_age_percent", max(age.transaction_percent for age in facts.ages))
    yield Measurement("database.oldest_multixact_age_percent", max(age.multixact_percent for age in facts.ages))
    if all(sequence.is_readable for sequence in facts.sequences):
        used_percent = max((sequence.used_percent for sequence in facts.sequences), default=0.0)
        yield Measurement("database.fullest_sequence_percent", used_percent)
    if facts.standby.lag_seconds is not None:
        yield Measurement("database.standby_lag_seconds", facts.standby.lag_seconds)
    for replica in facts.replicas:
        if replica.lag_bytes is not None:
            yield Measurement("database.replica_lag_bytes", replica.lag_bytes, replica.name)
