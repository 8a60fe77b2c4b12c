"""What a comparison with what was saved brings to light."""

from typing import Literal

from schoolkeeper.kernel.facts import Facts

Gravity = Literal["info", "warning", "error", "unknown"]


class Fault(Facts):
    """Something that is not as it was saved. `code` is the finding's; `expected` and `found` are short texts
    without personal data."""

    code: str
    subject: str
    expected: str = ""
    found: str = ""
    level: Gravity = "error"
