"""Pages of a long list, without counting it: counting a million rows costs more than showing fifty."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet

ModelT = TypeVar("ModelT", bound=Model)
T = TypeVar("T")
SIZE = 50


@dataclass(frozen=True, slots=True)
class Slice(Generic[T]):
    """One page of a list, counted from 1."""

    items: Sequence[T]
    number: int
    has_next: bool

    @property
    def previous(self) -> int:
        return self.number - 1

    @property
    def next(self) -> int:
        return self.number + 1

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


def cut(rows: QuerySet[ModelT], page: str, size: int = SIZE) -> Slice[ModelT]:
    """The page with this number; what is no number is the first."""
    return _cut(rows, page, size)


def cut_list(rows: Sequence[T], page: str, size: int = SIZE) -> Slice[T]:
    """The same for a list that is in memory already."""
    return _cut(rows, page, size)


def _cut(rows: "QuerySet[ModelT] | Sequence[T]", page: str, size: int) -> Slice:  # type: ignore[type-arg]
    number = max(int(page), 1) if page.isdecimal() and len(page) < 7 else 1
    start = (number - 1) * size
    found = list(rows[start : start + size + 1])
    return Slice(found[:size], number, len(found) > size)
