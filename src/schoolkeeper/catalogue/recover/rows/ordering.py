"""In which order rows are brought back: what a row refers to comes first."""

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter
from heapq import heapify, heappop, heappush

from schoolkeeper.catalogue.recover.rows.facts import Difference


def possible(differences: Sequence[Difference]) -> list[list[int]]:
    """Positions of the rows that can be brought back, in order; rows in one group refer to each other.

    Left out are rows with an obstacle of their own, rows that only change places with each other under a unique
    index, and all rows that come after one of these.
    """
    left_out = impossible(differences)
    return [group for group in _grouped(differences) if not left_out & set(group)]


def impossible(differences: Sequence[Difference]) -> set[int]:
    """Positions of the rows that cannot be brought back."""
    out: set[int] = set()
    for group in _grouped(differences):
        members = set(group)
        for position in group:
            row = differences[position]
            if row.lacks or row.held or members & set(row.waits) or out & {*row.needs, *row.waits}:
                out |= members
    return out


def _grouped(differences: Sequence[Difference]) -> list[list[int]]:
    """All rows, each after those that it depends on, else in the order given; those of a circle in one group."""
    group_of = list(range(len(differences)))
    while circle := _circle(differences, group_of):
        least = min(circle)
        group_of = [least if group in circle else group for group in group_of]
    members: dict[int, list[int]] = {}
    for position, group in enumerate(group_of):
        members.setdefault(group, []).append(position)
    before = _dependencies(differences, group_of)
    after: dict[int, list[int]] = {group: [] for group in before}
    for group, firsts in before.items():
        for first in firsts:
            after[first].append(group)
    ready = [group for group, firsts in before.items() if not firsts]
    heapify(ready)
    ordered = []
    while ready:
        group = heappop(ready)
        ordered.append(members[group])
        for following in after[group]:
            before[following].discard(group)
            if not before[following]:
                heappush(ready, following)
    return ordered


def _circle(differences: Sequence[Difference], group_of: Sequence[int]) -> set[int]:
    try:
        TopologicalSorter(_dependencies(differences, group_of)).prepare()
    except CycleError as error:
        return set(error.args[1])
    return set()


def _dependencies(differences: Sequence[Difference], group_of: Sequence[int]) -> dict[int, set[int]]:
    """For each group the groups that must come before it."""
    before: dict[int, set[int]] = {group: set() for group in group_of}
    for position, row in enumerate(differences):
        firsts = {group_of[other] for other in (*row.needs, *row.waits)}
        before[group_of[position]] |= firsts - {group_of[position]}
    return before
