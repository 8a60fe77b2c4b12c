"""Files whose tests take over half a minute begin first, so that none is left for one processor at the end."""

from collections.abc import Sequence

import pytest

LONGEST_FIRST: Sequence[str] = (
    "test_browser.py",
    "test_fifty_kills.py",
    "test_real_clock.py",
    "test_access.py",
    "test_serving.py",
    "test_restic.py",
    "test_pgbackrest.py",
    "test_a_year.py",
    "test_matrix.py",
    "test_kills_backup.py",
    "test_protect.py",
    "test_contract.py",
    "test_point_in_time.py",
    "test_copy.py",
    "test_prune.py",
    "test_barman.py",
    "test_kills.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The others keep their order, and so do the tests of a file."""
    place = {name: number for number, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: place.get(item.path.name, len(place)))
