"""All exceptions of the ledger.

LedgerError
├── EntryError        a value cannot be put into the ledger
├── FormatError       a line of an export is not what the format says
├── KeyFileError      a key file is missing, unsafe or not an Ed25519 key
└── CannotCheck       a signature could not be looked at (the library is missing)
"""


class LedgerError(Exception):
    """Base of everything that the ledger raises on purpose."""


class EntryError(LedgerError, ValueError):
    """A value cannot be put into the ledger; the message says which and why."""


class FormatError(LedgerError, ValueError):
    """A line of an export or of an anchor file is not what the format says.

    `line` counts from 1; None where the caller knows the place and the parser does not.
    """

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message if line is None else f"line {line}: {message}")
        self.message = message
        self.line = line


class KeyFileError(LedgerError):
    """A key file is missing, unsafe or does not hold an Ed25519 key."""


class CannotCheck(LedgerError):
    """A signature could not be looked at, which says nothing about whether it is good."""
