"""The base of every component's definition."""

from pydantic import BaseModel, ConfigDict


class Component(BaseModel):
    """A part of a system. Each kind is a subclass whose `kind` is a Literal."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    kind: str
