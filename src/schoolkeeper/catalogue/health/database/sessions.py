"""Who holds the database up: connections, long and idle transactions, locks."""

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby

from schoolkeeper.catalogue.health import Verdict, count, duration, level_from
from schoolkeeper.catalogue.health.database.facts import Blocked, DatabaseFacts, Prepared, Server, Session
from schoolkeeper.catalogue.health.database.options import DatabaseOptions
from schoolkeeper.kernel.finding import Level

Reason = tuple[str, Level, float]  # suffix of the code, level, seconds


def verdicts(facts: DatabaseFacts, options: DatabaseOptions) -> Iterator[Verdict]:
    yield from hidden(facts)
    yield from connections(facts.server, options)
    yield from transactions(facts.sessions, options)
    yield from blocked(facts.blocked, options)
    for one in facts.prepared:
        yield from prepared(one, options)


def hidden(facts: DatabaseFacts) -> Iterator[Verdict]:
    if facts.hidden_sessions:
        yield Verdict(
            suffix="unknown",
            level=Level.UNKNOWN,
            subject="sessions",
            says=f"Our role cannot see into {count(facts.hidden_sessions, 'session')} of others, which may hold "
            "long transactions and locks.",
            hint="Let our role see them: GRANT pg_monitor TO the role in the system definition.",
        )


def connections(server: Server, options: DatabaseOptions) -> Iterator[Verdict]:
    percent = server.connections_percent
    if level := level_from(percent, options.connections_warning_percent, options.connections_error_percent):
        yield Verdict(
            suffix="connections",
            level=level,
            says=f"{server.connections_used} of {server.connections_usable} usable connections are taken "
            f"({percent:.0f} %); {server.connections_reserved} more are reserved for administrators.",
            hint="See which application holds them (pg_stat_activity); a pool that leaks is the usual cause.",
            data={"used": server.connections_used, "usable": server.connections_usable},
        )


def reason_for(session: Session, options: DatabaseOptions) -> Reason | None:
    """The one thing to say of a session: idle in a transaction, else a long statement, else a long transaction."""
    limits = (
        ("idle_in_transaction", session.state_seconds, options.idle_warning_seconds, options.idle_error_seconds),
        (
            "long_statement",
            session.statement_seconds,
            options.statement_warning_seconds,
            options.statement_error_seconds,
        ),
        (
            "long_transaction",
            session.transaction_seconds,
            options.transaction_warning_seconds,
            options.transaction_error_seconds,
        ),
    )
    if session.state is None:
        return None
    passed_over = "long_statement" if session.is_idle else "idle_in_transaction"
    for suffix, seconds, warning, error in limits:
        if suffix != passed_over and (level := level_from(seconds, warning, error)):
            return suffix, level, seconds
    return None


def transactions(sessions: list[Session], options: DatabaseOptions) -> Iterator[Verdict]:
    """One verdict for each application and reason, so that its identity outlives a single connection."""
    told = [
        (session.who, reason, session)
        for session in sessions
        if session.application not in options.ignored_applications
        and (reason := reason_for(session, options)) is not None
    ]
    told.sort(key=lambda one: (one[1][0], one[0], -one[1][2]))
    for (suffix, who), group in groupby(told, key=lambda one: (one[1][0], one[0])):
        same = list(group)
        _, (_, level, seconds), worst = same[0]
        yield Verdict(
            suffix=suffix,
            level=level,
            subject=who,
            says=_sentence(suffix, len(same), seconds, worst),
            hint=f"Ask who runs it; in need, SELECT pg_terminate_backend({worst.pid}) ends it and rolls it back.",
            data={"pids": [session.pid for _, _, session in same], "seconds": round(seconds)},
        )


def _sentence(suffix: str, number: int, seconds: float, worst: Session) -> str:
    what = {
        "idle_in_transaction": "Idle inside an open transaction",
        "long_statement": "Running one statement for long",
        "long_transaction": "Transaction open for long",
    }[suffix]
    return (
        f"{what}: {count(number, 'session')} of {worst.who}, the longest for {duration(seconds)} "
        f"(process {worst.pid}, role {worst.role}, last statement: {worst.statement})."
    )


def roots_of(pairs: list[Blocked]) -> dict[int, list[Blocked]]:
    """By the process at the head of each queue: the pairs behind it, also those that wait for others who wait."""
    behind: dict[int, list[Blocked]] = {}
    for pair in pairs:
        behind.setdefault(pair.waiting_pid, []).append(pair)
    roots: dict[int, list[Blocked]] = {}
    for pair in pairs:
        seen, todo = {pair.waiting_pid}, [pair.blocking_pid]
        while todo:
            pid = todo.pop()
            if pid not in behind:
                roots.setdefault(pid, []).append(pair)
            elif pid not in seen:
                todo.extend(further.blocking_pid for further in behind[pid])
            seen.add(pid)
    return roots


def blocked(pairs: list[Blocked], options: DatabaseOptions) -> Iterator[Verdict]:
    """One verdict for each application that others wait for while it waits for nobody itself."""
    named: dict[str, list[tuple[Blocked, list[Blocked]]]] = {}
    for pid, queue in sorted(roots_of(pairs).items()):
        head = next(pair for pair in pairs if pair.blocking_pid == pid)
        named.setdefault(head.blocker, []).append((head, queue))
    for blocker, queues in sorted(named.items()):
        head, queue = max(queues, key=lambda one: _longest(one[1]).waiting_seconds)
        longest = _longest(queue)
        level = level_from(longest.waiting_seconds, options.blocked_warning_seconds, options.blocked_error_seconds)
        if level is None:
            continue
        waiting_pids = sorted({pair.waiting_pid for _, queue in queues for pair in queue})
        yield Verdict(
            suffix="blocked",
            level=level,
            subject=blocker,
            says=f"Waiting for a lock of {_blocker(head)}: {count(len(waiting_pids), 'session')}, the longest for "
            f"{duration(longest.waiting_seconds)}: {_waiter(longest)}.",
            hint=_how_to_free(head.blocking_pid),
            data={"blocking_pids": [head.blocking_pid for head, _ in queues], "waiting_pids": waiting_pids},
        )


def _longest(queue: list[Blocked]) -> Blocked:
    return max(queue, key=lambda pair: pair.waiting_seconds)


def _how_to_free(pid: int) -> str:
    if pid:
        return f"If it is stuck, SELECT pg_terminate_backend({pid}) frees the lock and rolls its work back."
    return "Commit or roll back the prepared transaction; pg_prepared_xacts lists them."


def _blocker(pair: Blocked) -> str:
    if not pair.blocking_pid:
        return "a prepared transaction"
    return (
        f"{pair.blocker} (process {pair.blocking_pid}, role {pair.blocking_role}, "
        f"{pair.blocking_state or 'state hidden'}, "
        f"transaction open for {duration(pair.blocking_transaction_seconds)}, "
        f"statement since {_at(pair.blocking_statement_started_at)}: {pair.blocking_statement})"
    )


def _waiter(pair: Blocked) -> str:
    return (
        f"{pair.waiter} (process {pair.waiting_pid}, role {pair.waiting_role}) wants {pair.lock_mode} on "
        f"{pair.lock_target}, statement since {_at(pair.waiting_statement_started_at)}: {pair.waiting_statement}"
    )


def _at(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else "(hidden)"


def prepared(one: Prepared, options: DatabaseOptions) -> Iterator[Verdict]:
    if level := level_from(one.age_seconds, options.prepared_warning_seconds, options.prepared_error_seconds):
        yield Verdict(
            suffix="prepared_transaction",
            level=level,
            subject=one.name,
            says=f"A transaction of {one.role} was prepared {duration(one.age_seconds)} ago and never ended; it "
            "keeps its locks, also over a restart.",
            hint="Ask the application's vendor whether to COMMIT PREPARED or ROLLBACK PREPARED it.",
            data={"seconds": round(one.age_seconds)},
        )
