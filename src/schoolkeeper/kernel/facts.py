"""Facts (what was seen) and Options (what was asked for): typed, immutable, JSON both ways."""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_jsonable_python

from schoolkeeper.kernel.canonical import digest


class Options(BaseModel):
    """A task's settings. Each field has a default, limits and a one-line `description`: flags, forms and
    docs are made from them.

    Fields named in `target` choose *what* is looked at (one of several stores): a run says nothing about the
    others, so it resolves no finding of theirs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    target: ClassVar[frozenset[str]] = frozenset()


class NoOptions(Options):
    """For a task with nothing to set."""


class Facts(BaseModel):
    """What `assess` saw; parts of facts are Facts too.

    Fields named in `volatile` (clocks, estimates) stay out of the digest that an approval is bound to.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    volatile: ClassVar[frozenset[str]] = frozenset()

    def digest(self) -> str:
        """SHA-256 over everything that is not volatile."""
        return digest(_stable(self))


def _stable(value: Any) -> Any:
    match value:
        case Facts():
            names = type(value).model_fields.keys() - value.volatile
            return {name: _stable(getattr(value, name)) for name in names}
        case dict():
            return {str(key): _stable(item) for key, item in value.items()}
        case list() | tuple():
            return [_stable(item) for item in value]
        case set() | frozenset():
            return sorted(_stable(item) for item in value)
        case _:
            return to_jsonable_python(value)
