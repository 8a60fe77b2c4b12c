"""A number worth keeping."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measurement:
    """`name` is permanent and ends with its unit (`host.cpu_percent`); `subject` says of what, "" = the system."""

    name: str
    value: float
    subject: str = ""
