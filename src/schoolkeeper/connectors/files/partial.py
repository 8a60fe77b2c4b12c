"""The form of our own unfinished copies' names, which nobody else gives a file by chance."""

import re
import secrets

_FORM = re.compile(r"\.schoolkeeper-[0-9a-f]{32}\.partial")


def new_partial() -> str:
    """A name that cannot be foreseen, so that nothing can lie in wait under it."""
    return f".schoolkeeper-{secrets.token_hex(16)}.partial"


def is_partial(name: str) -> bool:
    """Whether a file of this name is a copy that we did not finish."""
    return _FORM.fullmatch(name) is not None
