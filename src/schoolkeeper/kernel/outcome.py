"""How a run ended."""

from enum import Enum


class Outcome(Enum):
    """The final word on a run. "Failed" (the answer is no) and "errored" (it broke) are different states."""

    OK = "ok"
    NOTHING_TO_DO = "nothing_to_do"
    REFUSED = "refused"
    """A gate said no, with the reason; nothing was done."""
    FAILED = "failed"
    """It ran and the answer is no."""
    ERRORED = "errored"
    """It broke in a way that nobody foresaw."""
    UNDONE = "undone"
    """The change did not verify and was taken back."""
    UNDO_FAILED = "undo_failed"
    """The change could not be taken back: further automation is locked until a person clears it."""
    UNKNOWN = "unknown"
    """We could not look."""

    @property
    def is_good(self) -> bool:
        return self in (Outcome.OK, Outcome.NOTHING_TO_DO)
