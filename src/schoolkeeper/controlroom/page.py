"""What a page of the control room declares about itself."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from django.http import HttpResponseBase

View = Callable[..., HttpResponseBase]
CARE, KNOWLEDGE, PROOF = "Care", "Knowledge", "Proof"
"""The groups of the sidebar."""


class Kind(Enum):
    """What an address gives back."""

    PAGE = "page"
    FRAGMENT = "fragment"
    """A part of a page that the page itself asks for again."""
    FILE = "file"
    """A file to be kept; making it changes nothing."""
    ACTION = "action"
    """Changes something: answers to POST alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One address. Those with an `icon` stand in the sidebar, under `group`.

    `permission` is asked of every request; with `for_deputies` it is enough that somebody who has it named the
    person to decide in their stead. `serves` are the numbers of the requirements that the page itself
    fulfils, not those whose results it merely shows.
    """

    name: str
    route: str
    view: View
    title: str
    permission: str
    for_deputies: bool = False
    kind: Kind = Kind.PAGE
    icon: str = ""
    group: str = ""
    serves: frozenset[str] = frozenset()
