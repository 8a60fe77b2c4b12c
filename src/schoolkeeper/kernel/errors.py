"""Every exception that Schoolkeeper raises on purpose.

SchoolkeeperError
├── Refused            a rule said no before anything was done
│   └── NotDeclared    a task asked for power that its Spec does not declare
├── Unreachable        we could not look: the answer is UNKNOWN, never "fine" and never "broken"
├── ReadOnlyViolation  something tried to write through a Look
├── Temporary          worth trying again after `delay_seconds`
├── Permanent          trying again will not help; the message says what would
└── Invalid            input with faults, all of them listed
"""

from collections.abc import Sequence


class SchoolkeeperError(Exception):
    """The root: catching it means "a failure that we foresaw"."""


class Refused(SchoolkeeperError):
    """A rule said no; the message says which rule and what would satisfy it."""


class NotDeclared(Refused):
    """A task asked for a component kind that its Spec does not declare."""


class Unreachable(SchoolkeeperError):
    """A component could not be looked at. `component` is its name in the system definition."""

    def __init__(self, component: str, reason: str) -> None:
        super().__init__(f"{component}: {reason}")
        self.component = component
        self.reason = reason


class ReadOnlyViolation(SchoolkeeperError):
    """A write was attempted through a Look; the target refused it."""


class Temporary(SchoolkeeperError):
    """The step may succeed later: try again after `delay_seconds`."""

    def __init__(self, message: str, delay_seconds: float = 5.0) -> None:
        super().__init__(message)
        self.delay_seconds = delay_seconds


class Permanent(SchoolkeeperError):
    """The step cannot succeed as things stand."""


class Invalid(SchoolkeeperError):
    """Input with faults; `faults` lists all of them, each with its place."""

    def __init__(self, what: str, faults: Sequence[str]) -> None:
        super().__init__(f"{what}: {len(faults)} fault(s)\n" + "\n".join(f"  {fault}" for fault in faults))
        self.what = what
        self.faults = tuple(faults)
