"""Words for people: times, spans, sizes, outcomes, levels. A state has a word and a symbol beside its colour."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from schoolkeeper.kernel.finding import Level
from schoolkeeper.kernel.spec import Cadence, Risk, Undo

Tone = Literal["good", "note", "warn", "bad", "unknown", "busy", "quiet"]


@dataclass(frozen=True, slots=True)
class Word:
    """How a state is said: text, tone (which decides the colour) and the name of a symbol."""

    text: str
    tone: Tone
    symbol: str


@dataclass(frozen=True, slots=True)
class Need:
    """What happened, in the words of the person it happened to, and what a task can and cannot do about it."""

    happened: str
    does: str
    does_not: str
    symbol: str


OUTCOMES: Mapping[str, Word] = {
    "ok": Word("Done", "good", "check_circle"),
    "nothing_to_do": Word("Nothing to do", "good", "check_circle"),
    "refused": Word("Refused", "warn", "block"),
    "failed": Word("Failed", "bad", "cancel"),
    "errored": Word("Broke off", "bad", "heart_broken"),
    "undone": Word("Taken back", "warn", "undo"),
    "undo_failed": Word("Could not be taken back", "bad", "lock"),
    "unknown": Word("Could not look", "unknown", "visibility_off"),
}
FAULTS_FOUND = Word("Faults found", "bad", "error")
TALLIED: Mapping[str, Word] = {
    **{name: Word(word.text.lower(), word.tone, word.symbol) for name, word in OUTCOMES.items()},
    "faults_found": Word("with faults", "bad", "error"),
}
"""Outcomes where runs are counted: failed looks apart from failed changes."""
STATES: Mapping[str, Word] = {
    "queued": Word("Waiting for a worker", "quiet", "hourglass_empty"),
    "running": Word("Running", "busy", "progress_activity"),
    "waiting": Word("Waiting for approval", "warn", "front_hand"),
}
LEVELS: Mapping[Level, Word] = {
    Level.OK: Word("Fine", "good", "check_circle"),
    Level.INFO: Word("Note", "note", "info"),
    Level.WARNING: Word("Warning", "warn", "warning"),
    Level.ERROR: Word("Error", "bad", "error"),
    Level.UNKNOWN: Word("Unknown", "unknown", "visibility_off"),
}
HEALTH: Mapping[Level, Word] = {
    Level.OK: Word("Well", "good", "check_circle"),
    Level.INFO: Word("Well", "good", "check_circle"),
    Level.WARNING: Word("Needs attention", "warn", "warning"),
    Level.ERROR: Word("Not well", "bad", "error"),
    Level.UNKNOWN: Word("Unknown", "unknown", "visibility_off"),
}
STEPS: Mapping[str, Word] = {
    "planned": Word("Planned", "quiet", "radio_button_unchecked"),
    "started": Word("Working", "busy", "progress_activity"),
    "done": Word("Done", "good", "check_circle"),
    "failed": Word("Failed", "bad", "cancel"),
    "undone": Word("Taken back", "warn", "undo"),
    "undo_failed": Word("Could not be taken back", "bad", "lock"),
}
RISKS: Mapping[Risk, Word] = {
    Risk.READ_ONLY: Word("Only looks", "good", "visibility"),
    Risk.ROUTINE: Word("Routine: users notice nothing", "note", "build"),
    Risk.DISRUPTIVE: Word("Disturbs users", "warn", "warning"),
    Risk.DESTRUCTIVE: Word("Removes or replaces data", "bad", "dangerous"),
}
OCCURRENCES: Mapping[str, Word] = {
    "coming": Word("To come", "quiet", "schedule"),
    "due": Word("Due now", "note", "notifications_active"),
    "overdue": Word("Late", "warn", "timer_off"),
    "running": Word("Running", "busy", "progress_activity"),
    "done": Word("Done", "good", "check_circle"),
    "late": Word("Done late", "note", "history_toggle_off"),
    "missed": Word("Missed", "bad", "event_busy"),
    "made_good": Word("Missed, done later", "note", "event_repeat"),
    "waived": Word("Waived", "quiet", "do_not_disturb_on"),
    "paused": Word("Paused", "quiet", "pause_circle"),
}
"""How an occurrence stands now, by `standing_of` in the queries; its state alone does not tell what is overdue."""
WORST_FIRST = ("missed", "overdue", "running", "due", "late", "made_good", "done", "waived", "paused", "coming")
"""Of several occurrences of a day, which one decides how the day looks."""
REASONS: Mapping[str, str] = {
    "no_worker": "no worker was there",
    "no_capacity": "too much else was going on",
    "freeze": "a freeze forbade it",
    "window": "no maintenance window allowed it",
    "gate": "a rule forbade it",
    "error": "it broke",
    "nobody": "nobody did it",
}
"""Why something was missed, after "because"."""
CATCH_UP: Mapping[str, str] = {
    "run": "Do it at the next chance",
    "skip": "Leave it out; the next regular one comes",
    "ask": "Wait until a person says so",
}
PRIORITIES: Mapping[int, str] = {10: "First", 30: "Earlier", 50: "As usual", 70: "Later", 90: "Last"}
FREEZES: Mapping[str, Word] = {
    "hard": Word("Nothing may be changed", "bad", "ac_unit"),
    "soft": Word("Nothing that disturbs users", "warn", "ac_unit"),
}
FREEZE_KINDS: Mapping[str, str] = {
    "hard": "Hard: nothing of the ERP is changed",
    "soft": "Soft: nothing is done that disturbs users",
}
WINDOW_OPEN = Word("Open now", "note", "construction")
WINDOW_OVERRUN = Word("Overrun", "warn", "timer_off")
WINDOW_COMING = Word("Planned", "quiet", "schedule")
WINDOW_OVER = Word("Over", "quiet", "done")
WINDOW_CANCELLED = Word("Cancelled", "quiet", "cancel")
FREEZE_COMING = Word("To come", "quiet", "schedule")
FREEZE_OVER = Word("Over", "quiet", "done")
FREEZE_LIFTED = Word("Lifted", "quiet", "lock_open")
ALLOWS: Mapping[Risk, str] = {
    Risk.ROUTINE: "Routine work alone",
    Risk.DISRUPTIVE: "What disturbs users",
    Risk.DESTRUCTIVE: "Also what removes or replaces data",
}
"""What may run in a window, by its greatest risk."""
DECISIONS: Mapping[str, Word] = {
    "granted": Word("Approved", "good", "check_circle"),
    "denied": Word("Denied", "bad", "block"),
}
OVERRIDE_ASKED = Word("Waits for a second person", "warn", "front_hand")
OVERRIDE_GRANTED = Word("Granted", "bad", "key")
OVERRIDE_EXPIRED = Word("Expired", "quiet", "timer_off")
OVERRIDE_ENDED = Word("Refused or taken back", "quiet", "block")
UNDO: Mapping[Undo, str] = {
    Undo.NOTHING_WRITTEN: "Nothing to undo: it only looks",
    Undo.STEPWISE: "Step by step: each step carries its way back",
    Undo.DERIVED: "Nothing to undo: it writes only what can be computed again",
    Undo.RESTORE_POINT: "By restoring a proven backup, which it demands first",
    Undo.FORWARD_ONLY: "Cannot be undone: a second person must approve",
    Undo.BY_RULE: "Cannot be undone: it follows a rule, and refuses what goes beyond its limits",
}
CADENCES: Mapping[Cadence | None, str] = {
    None: "When asked for",
    Cadence.DAILY: "Every day",
    Cadence.WEEKLY: "Every week",
    Cadence.MONTHLY: "Every month",
    Cadence.QUARTERLY: "Every quarter",
    Cadence.ANNUAL: "Every year",
}
COMPONENTS: Mapping[str, str] = {
    "postgres": "Database (PostgreSQL)",
    "mariadb": "Database (MariaDB or MySQL)",
    "sqlite": "Database (SQLite)",
    "restic": "Backups by restic",
    "pgbackrest": "Backups by pgBackRest",
    "barman": "Backups by Barman",
    "web": "Web application",
    "host": "Machine",
    "files": "Folder of files",
    "logs": "Log files",
    "store": "Store of backups",
    "scratch": "Scratch server",
}
RESTORES = Word("It restores", "good", "verified")
RESTORES_NOT = Word("It does not restore", "bad", "cancel")
NEVER_TRIED = Word("Never tried", "unknown", "help")
READ_BACK = Word("All read back", "good", "check_circle")
READ_BACK_PARTLY = Word("Partly read back", "note", "incomplete_circle")
READ_BACK_UNKNOWN = Word("Not sure", "unknown", "help")
READ_BACK_BAD = Word("Damaged", "bad", "broken_image")
GONE = Word("Gone", "bad", "cancel")
REMOVED = Word("Removed", "quiet", "delete")
COPIES_KEPT = Word("Kept", "good", "check_circle")
COPIES_UNKNOWN = Word("Unknown", "unknown", "help")
NOT_READ_BACK = Word("Not read yet", "quiet", "hourglass_empty")
PHASES: Mapping[str, str] = {
    "fetch": "Fetch and unlock the backup",
    "prepare": "Make an empty server",
    "restore": "Bring the database back",
    "compare": "Compare it with what was saved",
    "integrity": "Check the rules of the product",
    "files": "Bring the files back and compare them",
    "start": "Start the ERP on the copy",
    "start the ERP": "Start the ERP on the copy",
    "journey": "Use the ERP as people do",
    "journeys": "Use the ERP as people do",
    "golden records": "Look up known records",
    "conclude": "Clean up and write the proof",
}
"""What a rehearsal of a recovery does, one after the other; spaces stand for underscores."""
CHECKING_PHASES = frozenset({"compare", "integrity", "journey", "journeys", "golden records", "conclude"})
"""Phases that a real recovery would not wait for."""
COUNTED: Mapping[str, tuple[str, str]] = {
    "tables": ("table", "tables"),
    "rows": ("row", "rows"),
    "objects": ("object of the database", "objects of the database"),
    "sequences": ("counter", "counters"),
    "checked": ("table or index looked through", "tables and indexes looked through"),
    "assertions": ("rule of the product", "rules of the product"),
    "files": ("file", "files"),
    "named_files": ("named by the database", "named by the database"),
    "added": ("added", "added"),
    "journeys": ("walk through the ERP", "walks through the ERP"),
    "journey_steps": ("step in the ERP", "steps in the ERP"),
    "golden_records": ("known record", "known records"),
}
VERSIONED: Mapping[str, str] = {"server": "database server", "schoolkeeper": "Schoolkeeper", "erp": "ERP"}
"""What a version belongs to; tools are called by their own names."""
NEEDS: Mapping[str, Need] = {
    "recover.rows": Need(
        "Entries were deleted or changed by mistake",
        "Brings chosen entries back as they were, for example the grades of one class. You see each one before "
        "anything is changed.",
        "It touches no other entry, and everybody can go on working.",
        "table_rows",
    ),
    "recover.files": Need(
        "Files are missing or damaged",
        "Brings single files or folders back, for example one student's certificates.",
        "It does not touch grades, fees or other entries, and everybody can go on working.",
        "folder_open",
    ),
    "recover.point_in_time": Need(
        "Something went wrong at a moment that we know",
        "Puts the ERP back to just before that moment, for example before an import that went wrong.",
        "It does not keep what people entered after that moment, and nobody can work while it goes on.",
        "history",
    ),
    "recover.system": Need(
        "Nothing works any more, or the server is gone",
        "Puts the whole ERP back as it was when the backup was taken: entries, files and settings.",
        "It does not keep what people entered after that backup, and nobody can work while it goes on.",
        "emergency",
    ),
}
"""The ways to recover, by task, from the smallest to the largest."""
RARELY_SET = frozenset(
    {"store", "source", "into", "new_server", "accept_damage", "leave", "row_limit", "overwrite", "file_limit"}
)
"""Options of a recovery that a person under stress need not think about."""
RECOVERY_LABELS: Mapping[str, str] = {
    "tables": "In which tables?",
    "where": "Which entries?",
    "what": "Deleted ones, changed ones, or both?",
    "include_dependents": "Also what belonged to them?",
    "component": "In which folder?",
    "paths": "Which files or folders in it?",
    "rename_aside": "Keep what is there now?",
    "unproven": "Take it although nobody has proven it?",
}
"""What the options of recoveries ask; the others are called by their names."""
LEDGER_KINDS: Mapping[str, str] = {
    "evidence.kept": "Evidence kept",
    "token.made": "Token for programs made",
    "token.revoked": "Token for programs revoked",
    "feed.made": "Calendar feed made",
    "feed.revoked": "Calendar feed revoked",
    "limit.set": "Limit of the programme set",
    "limit.reset": "Limit of the programme as usual again",
    "run.requested": "Run asked for",
    "run.started": "Run started",
    "run.assessed_before": "Looked",
    "run.planned": "Plan made",
    "approval.requested": "Approval asked for",
    "approval.granted": "Approved",
    "approval.denied": "Denied",
    "step.started": "Step started",
    "step.done": "Step done",
    "step.failed": "Step failed",
    "step.undone": "Step taken back",
    "step.undo_failed": "Step could not be taken back",
    "run.assessed_after": "Looked again",
    "run.ended": "Run ended",
    "finding.silenced": "Finding silenced",
    "finding.silence_ended": "Silence ended",
    "hold.cleared": "Hold cleared",
    "system.applied": "Definition changed",
    "user.added": "User added",
    "user.changed": "User changed",
    "user.deleted": "User deleted",
    "ledger.verified": "Ledger verified",
    "ledger.exported": "Ledger exported",
    "programme.changed": "Programme changed",
    "programme.paused": "Entry of the programme paused",
    "programme.resumed": "Pause ended",
    "occurrence.missed": "Missed",
    "occurrence.waived": "Waived",
    "occurrence.caught_up": "Caught up on request",
    "occurrence.given_back": "Due again: the clock had been ahead",
    "duty.attached": "Proof attached to a duty",
    "duty.signed": "Duty signed off",
    "freeze.declared": "Freeze declared",
    "freeze.changed": "Freeze moved with its event",
    "freeze.withdrawn": "Freeze withdrawn with its event",
    "freeze.lifted": "Freeze lifted",
    "freeze_rule.changed": "Rule for freezes changed",
    "freeze_rule.reset": "Rule for freezes as usual again",
    "calendar.added": "Calendar added",
    "calendar.replaced": "Calendar replaced",
    "calendar.removed": "Calendar removed",
    "calendar.read": "Calendar read",
    "calendar.unread": "Calendar could not be read",
    "event.added": "Event entered",
    "event.changed": "Event changed",
    "event.corrected": "Kind of an event corrected",
    "event.removed": "Event removed",
    "window.planned": "Window planned",
    "window.moved": "Window moved",
    "window.changed": "Window changed",
    "window.opened": "Window opened",
    "window.overrun": "Window overrun",
    "window.closed": "Window closed",
    "window.shortened": "Window ended early",
    "window.cancelled": "Window cancelled",
    "window_series.planned": "Windows that repeat planned",
    "window_series.changed": "Windows that repeat changed",
    "window_series.ended": "Windows that repeat ended",
    "override.asked": "Override asked for",
    "override.granted": "Override granted",
    "override.ended": "Override refused or taken back",
    "override.used": "Override used",
    "delegation.made": "Deputy named",
    "delegation.ended": "Deputy's time ended",
    "clock.absent": "No scheduler was at work",
    "clock.forward": "The clock jumped forward",
    "clock.backward": "The clock jumped back",
    "clock.rules_changed": "A zone's clock goes by other rules",
}

_SPANS = ((86400 * 365, "year"), (86400 * 30, "month"), (86400, "day"), (3600, "hour"), (60, "minute"))


def run_word(state: str, outcome: str, *, only_looks: bool) -> Word:
    """How a run stands: its outcome once it ended. A look that finds errors did not itself fail."""
    if state != "ended":
        return STATES[state]
    if outcome == "failed" and only_looks:
        return FAULTS_FOUND
    return OUTCOMES[outcome]


def ago(at: datetime, now: datetime) -> str:
    """A time as seen from now: "3 hours ago", "in 2 days", "just now"."""
    seconds = (now - at).total_seconds()
    for length, unit in _SPANS:
        if (count := int(abs(seconds) // length)) >= 1:
            words = f"{count} {unit}{'s' if count > 1 else ''}"
            return f"{words} ago" if seconds > 0 else f"in {words}"
    return "just now" if seconds >= 0 else "in less than a minute"


def full(at: datetime, zone: str) -> str:
    """A time with everything: "Mon 23 Nov 2026, 09:32:10 (Asia/Tashkent)"."""
    return f"{at.astimezone(ZoneInfo(zone)):%a %d %b %Y, %H:%M:%S} ({zone})"


def day_and_time(at: datetime, zone: str) -> str:
    """A time without seconds and zone, where the place is clear: "Mon 23 Nov 2026, 09:32"."""
    return f"{at.astimezone(ZoneInfo(zone)):%a %d %b %Y, %H:%M}"


def span(length: timedelta) -> str:
    """How long something took, in at most two units: "0.4 s", "12 s", "3 min 20 s", "2 d 4 h"."""
    seconds = length.total_seconds()
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for unit, size, smaller, part in (("d", 86400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if whole >= size:
            rest = whole % size // part
            return f"{whole // size} {unit} {rest} {smaller}" if rest else f"{whole // size} {unit}"
    return f"{whole} s"


def target(length: timedelta) -> str:
    """A target as people agree on it: "24 h", not "1 d"; from three days on in days."""
    hours = length / timedelta(hours=1)
    return f"{hours:,.0f} h" if hours.is_integer() and hours < 72 else span(length)


def size(size_bytes: float) -> str:
    """A size in binary units: "1.5 GiB"."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if abs(size_bytes) < 1024:
            return f"{size_bytes:,.0f} {unit}" if unit == "bytes" else f"{size_bytes:,.1f} {unit}"
        size_bytes /= 1024
    return f"{size_bytes:,.1f} TiB"


def plural(count: int, one: str, many: str = "") -> str:
    """A number with its noun: "1 table", "1,204 tables"."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def counts(counted: Iterable[tuple[str, float]]) -> str:
    """What was counted: "24 tables, 148,210 rows"; what nobody can count in words, and nothing, is left out."""
    known = ((COUNTED[name], round(count)) for name, count in counted if name in COUNTED)
    return ", ".join(plural(count, *nouns) for nouns, count in known if count)


def phase(name: str) -> str:
    """A phase of a rehearsal in words."""
    plain = name.replace("_", " ")
    return PHASES.get(plain) or plain.capitalize()


def number(value: float, unit: str) -> str:
    """A measured number with its unit, with as many digits as one can use."""
    if unit == "bytes":
        return size(value)
    text = f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:,.1f}"
    return f"{text} {unit}".strip()
