"""What can be wrong with a sealed part.

SealError
├── Damaged      what is stored is not what was written: shortened, altered, or not a sealed part at all
└── CannotOpen   the key is not one of those that it was sealed for
"""


class SealError(Exception):
    """A sealed part cannot be read back; the message says why."""


class Damaged(SealError):
    """The stored bytes are not those that were written."""


class CannotOpen(SealError):
    """None of the recipients is the key at hand."""
