"""Errors of one source, counted by what they say, in one pass and constant memory."""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from schoolkeeper.catalogue.logs.errors.facts import PatternFacts, SourceFacts
from schoolkeeper.catalogue.logs.errors.masking import identity, mask
from schoolkeeper.connectors.logs.look import Entry, LogReading
from schoolkeeper.profiles.model import LogFormat

MOST_PATTERNS = 5000
MOST_LISTED = 50
STEPS_PER_E = 100
"""Latencies are kept in logarithmic steps of 1 %, so a percentile is off by at most that."""


@dataclass(slots=True)
class Pattern:
    text: str
    count: int = 0
    baseline_count: int = 0
    first_at: float = math.inf
    last_at: float = -math.inf

    def add(self, at: float, in_window: bool) -> None:
        if not in_window:
            self.baseline_count += 1
            return
        self.count += 1
        self.first_at = min(self.first_at, at)
        self.last_at = max(self.last_at, at)


class Tally:
    """Counts the entries of one source; `window_at` and `baseline_at` begin the two spans (seconds since 1970)."""

    def __init__(self, name: str, format: LogFormat, baseline_at: float, window_at: float) -> None:
        self.name = name
        self.kind = format.kind
        self.baseline_at = baseline_at
        self.window_at = window_at
        self.window_entries = self.window_errors = self.baseline_entries = 0
        self.overflow = 0
        self._is_error = error_test(format)
        self._patterns: dict[str, Pattern] = {}
        self._latency: Counter[int] = Counter()

    def add(self, entry: Entry) -> None:
        in_window = entry.at >= self.window_at
        if in_window:
            self.window_entries += 1
            if elapsed := entry.field("elapsed_ms"):
                self._time(elapsed)
        else:
            self.baseline_entries += 1
        if self._is_error(entry):
            self.window_errors += in_window
            self._note(entry, in_window)

    def facts(self, reading: LogReading) -> SourceFacts:
        """What was counted, once `reading` is at its end."""
        first_at = self.window_at if reading.first_at is None else reading.first_at
        listed = self._listed()
        return SourceFacts(
            name=self.name,
            kind=self.kind,
            entries=reading.entries,
            rejected=reading.rejected,
            rejected_example=mask(reading.rejected_example),
            cut_bytes=reading.cut_bytes,
            covers_window=not reading.cut_bytes or first_at <= self.window_at,
            window_entries=self.window_entries,
            window_errors=self.window_errors,
            baseline_entries=self.baseline_entries,
            baseline_hours=max(self.window_at - max(first_at, self.baseline_at), 0) / 3600,
            latency_p95_ms=self._percentile(0.95),
            patterns=listed[:MOST_LISTED],
            patterns_left_out=len(listed[MOST_LISTED:]) + self.overflow,
            faults=reading.faults,
        )

    def _note(self, entry: Entry, in_window: bool) -> None:
        text = mask(describe(entry))
        pattern = self._patterns.get(text)
        if pattern is None:
            if len(self._patterns) >= MOST_PATTERNS:
                self.overflow += in_window
                return
            pattern = self._patterns[text] = Pattern(text)
        pattern.add(entry.at, in_window)

    def _time(self, elapsed: str) -> None:
        try:
            elapsed_ms = float(elapsed)
        except ValueError:
            return
        if elapsed_ms >= 0:
            self._latency[round(math.log(max(elapsed_ms, 0.01)) * STEPS_PER_E)] += 1

    def _percentile(self, share: float) -> float | None:
        rank = share * self._latency.total()
        for step in sorted(self._latency):
            rank -= self._latency[step]
            if rank <= 0:
                return round(math.exp(step / STEPS_PER_E), 2)
        return None

    def _listed(self) -> list[PatternFacts]:
        met = [pattern for pattern in self._patterns.values() if pattern.count]
        met.sort(key=lambda pattern: (pattern.baseline_count > 0, -pattern.count, pattern.text))
        return [
            PatternFacts(
                id=identity(self.name, pattern.text),
                text=pattern.text,
                count=pattern.count,
                baseline_count=pattern.baseline_count,
                first_at=datetime.fromtimestamp(pattern.first_at, UTC),
                last_at=datetime.fromtimestamp(pattern.last_at, UTC),
            )
            for pattern in met
        ]


def error_test(format: LogFormat) -> Callable[[Entry], bool]:
    """What makes an entry of this format an error.

    The status where there is one, else the level; a log with neither (PHP's, a web server's error log) is one
    of errors only.
    """
    levels = frozenset(level.upper() for level in format.error_levels)
    if "(?P<status>" in format.line:
        return lambda entry: (status := entry.field("status")).isdigit() and int(status) >= format.error_status
    if "(?P<level>" in format.line:
        return lambda entry: entry.field("level").upper() in levels
    return lambda entry: True


def describe(entry: Entry) -> str:
    """What an error says: its status and address, or its message and the last line of its traceback."""
    if status := entry.field("status"):
        return f"HTTP {_word(status)} {entry.field('path')}"
    return " | ".join(part for part in (entry.field("message"), entry.last_line.strip()) if part)


def _word(status: str) -> str:
    """The status in words, because masking takes numbers away."""
    return {"500": "internal error", "502": "bad gateway", "503": "unavailable", "504": "gateway timeout"}.get(
        status, "client error" if status.startswith("4") else "server error"
    )
