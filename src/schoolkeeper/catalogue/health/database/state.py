"""How the data itself is: errors that were counted, speed, dead rows, broken indexes."""

from collections.abc import Iterator

from schoolkeeper.catalogue.health import Verdict, count, level_from, size
from schoolkeeper.catalogue.health.database.facts import Counters, DatabaseFacts, InvalidIndex, TableRows
from schoolkeeper.catalogue.health.database.options import DatabaseOptions
from schoolkeeper.kernel.finding import Level


def verdicts(facts: DatabaseFacts, options: DatabaseOptions) -> Iterator[Verdict]:
    yield from errors(facts.counters, options)
    yield from speed(facts.counters, options)
    for index in facts.indexes:
        yield from invalid_index(index)
    for table in facts.tables:
        yield from dead_rows(table, options)


def _since(counters: Counters) -> str:
    return f"since {counters.since:%Y-%m-%d}" if counters.since else "since counting began"


def errors(counters: Counters, options: DatabaseOptions) -> Iterator[Verdict]:
    """What PostgreSQL has counted as gone wrong."""
    if counters.checksum_failures:
        yield Verdict(
            suffix="checksum_failures",
            level=Level.ERROR,
            says=f"Reading found {count(counters.checksum_failures, 'wrong checksum')} {_since(counters)}: "
            "data on the disk is damaged.",
            hint="Stop writing, take a copy of the data folder, and restore from a backup set that is proven.",
            data={"failures": counters.checksum_failures},
        )
    if counters.transactions < options.minimum_transactions:
        return
    per_100k = 100_000 * counters.deadlocks / counters.transactions
    if counters.deadlocks and per_100k >= options.deadlocks_warning_per_100k:
        yield Verdict(
            suffix="deadlocks",
            level=Level.WARNING,
            says=f"{count(counters.deadlocks, 'deadlock')} in {counters.transactions:,} transactions "
            f"{_since(counters)} ({per_100k:.1f} per 100,000); each made somebody's work fail.",
            hint="The server's log shows both statements of each: give them to the application's vendor.",
            data={"deadlocks": counters.deadlocks, "transactions": counters.transactions},
        )
    percent = counters.rollback_percent
    if level := level_from(percent, options.rollback_warning_percent, options.rollback_error_percent):
        yield Verdict(
            suffix="rollbacks",
            level=level,
            says=f"{percent:.1f} % of {counters.transactions:,} transactions were rolled back {_since(counters)}.",
            hint="Look for the errors behind it with logs.errors.",
            data={"rollbacks": counters.rollbacks, "transactions": counters.transactions},
        )


def speed(counters: Counters, options: DatabaseOptions) -> Iterator[Verdict]:
    hit_percent = counters.cache_hit_percent
    if counters.blocks >= options.cache_minimum_blocks and hit_percent < options.cache_hit_warning_percent:
        yield Verdict(
            suffix="cache_hit",
            level=Level.WARNING,
            says=f"{hit_percent:.1f} % of {counters.blocks:,} blocks came from PostgreSQL's own cache "
            f"{_since(counters)}.",
            hint="Compare shared_buffers with the size of the database; a quarter of the memory is usual.",
            data={"cache_hit_percent": hit_percent},
        )
    if counters.transactions < options.minimum_transactions:
        return
    spill_kib = counters.temporary_bytes / 1024 / counters.transactions
    if spill_kib >= options.spill_warning_kib:
        yield Verdict(
            suffix="temporary_files",
            level=Level.WARNING,
            says=f"Sorting and joining wrote {size(counters.temporary_bytes)} to {counters.temporary_files:,} "
            f"temporary files {_since(counters)}: {spill_kib:.0f} KiB per transaction.",
            hint="Set log_temp_files to find the queries; then raise work_mem for their role.",
            data={"temporary_bytes": counters.temporary_bytes},
        )


def invalid_index(index: InvalidIndex) -> Iterator[Verdict]:
    slow = "it is kept up to date but never used"
    yield Verdict(
        suffix="invalid_index",
        level=Level.WARNING,
        subject=index.name,
        says=f"An index of {index.table_name} ({size(index.size_bytes)}) is not valid: {slow}"
        + (", and duplicates may exist that it should forbid." if index.is_unique else "."),
        hint=f"Build it again in a window: REINDEX INDEX CONCURRENTLY {index.name};",
        data={"table": index.table_name, "size_bytes": index.size_bytes},
    )


def dead_rows(table: TableRows, options: DatabaseOptions) -> Iterator[Verdict]:
    if table.dead_rows < options.dead_rows_minimum or table.dead_percent < options.dead_rows_warning_percent:
        return
    when = f"{table.last_autovacuum:%Y-%m-%d %H:%M} UTC" if table.last_autovacuum else "not known"
    yield Verdict(
        suffix="dead_rows",
        level=Level.WARNING,
        subject=table.name,
        says=f"{table.dead_rows:,} rows are dead beside {table.live_rows:,} live ones "
        f"({table.dead_percent:.0f} %); last automatic vacuum: {when}.",
        hint="First see whether a long transaction keeps them alive; then VACUUM the table.",
        data={"dead_rows": table.dead_rows, "live_rows": table.live_rows},
    )
