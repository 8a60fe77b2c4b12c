"""Exit codes, the same for every command."""

from enum import IntEnum


class Exit(IntEnum):
    """What a command's exit code means; `--help` says the same."""

    FINE = 0
    FINDINGS = 1
    """There are findings at ERROR, a run did not end well, or a rule said no."""
    USAGE = 2
    """The command, an option or a file is wrong; all faults are listed."""
    COULD_NOT_LOOK = 3
    """Something could not be looked at, nothing is serving, or the database is away."""


class CouldNotLook(Exception):
    """We cannot say how things are; the message says why and what to do."""


EPILOG = (
    "Exit codes: 0 fine · 1 findings at ERROR, or a run that did not end well · 2 wrong usage, with all faults "
    "· 3 could not look (unknown, nothing serving, database away)."
)
