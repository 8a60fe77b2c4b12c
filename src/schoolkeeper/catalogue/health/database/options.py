"""The thresholds of `health.database`. Shares of a total are judged only when the total is large enough."""

from pydantic import Field

from schoolkeeper.kernel.facts import Options


def _percent(default: float, description: str) -> float:
    limit: float = Field(default, gt=0, le=100, description=description)
    return limit


def _amount(default: float, description: str) -> float:
    limit: float = Field(default, ge=0, description=description)
    return limit


class DatabaseOptions(Options):
    connections_warning_percent: float = _percent(80, "Warn from this share of the usable connections")
    connections_error_percent: float = _percent(95, "Error from this share of the usable connections")
    transaction_warning_seconds: float = _amount(1800, "Warn of transactions open this long")
    transaction_error_seconds: float = _amount(14400, "Error from transactions open this long")
    statement_warning_seconds: float = _amount(600, "Warn of statements that run this long")
    statement_error_seconds: float = _amount(7200, "Error from statements that run this long")
    idle_warning_seconds: float = _amount(300, "Warn of transactions idle this long")
    idle_error_seconds: float = _amount(3600, "Error from transactions idle this long")
    blocked_warning_seconds: float = _amount(10, "Warn when somebody waits this long for a lock")
    blocked_error_seconds: float = _amount(120, "Error when somebody waits this long for a lock")
    prepared_warning_seconds: float = _amount(3600, "Warn of transactions prepared this long ago")
    prepared_error_seconds: float = _amount(86400, "Error from transactions prepared this long ago")
    ignored_applications: list[str] = Field(["pg_dump"], description="Their long transactions are not judged")
    cache_hit_warning_percent: float = _percent(90, "Warn when fewer blocks than this come from the cache")
    cache_minimum_blocks: int = Field(100_000, ge=1, description="Judge the cache from this many blocks on")
    minimum_transactions: int = Field(10_000, ge=1, description="Judge shares of transactions from here on")
    rollback_warning_percent: float = _percent(20, "Warn from this share of transactions rolled back")
    rollback_error_percent: float = _percent(50, "Error from this share of transactions rolled back")
    deadlocks_warning_per_100k: float = _amount(1, "Warn from this many deadlocks per 100,000 transactions")
    spill_warning_kib: float = _amount(256, "Warn from this much temporary file per transaction, on average")
    wraparound_warning_percent: float = _percent(40, "Warn from this age on the way to wraparound")
    wraparound_error_percent: float = _percent(60, "Error from this age on the way to wraparound")
    lag_warning_seconds: float = _amount(60, "Warn when a standby is this far behind")
    lag_error_seconds: float = _amount(600, "Error when a standby is this far behind")
    lag_warning_mib: float = _amount(256, "Warn when a standby lacks this much of the log")
    lag_error_mib: float = _amount(2048, "Error when a standby lacks this much of the log")
    slot_warning_mib: float = _amount(1024, "Warn when an unused slot holds this much of the log")
    slot_error_mib: float = _amount(10240, "Error when an unused slot holds this much of the log")
    sequence_warning_percent: float = _percent(70, "Warn when a sequence has used this much of its range")
    sequence_error_percent: float = _percent(90, "Error when a sequence has used this much of its range")
    dead_rows_warning_percent: float = _percent(20, "Warn of tables with this share of dead rows")
    dead_rows_minimum: int = Field(10_000, ge=1, description="…and at least this many dead rows")
