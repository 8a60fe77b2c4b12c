"""Which rows this run has found missing: once they are back, those that depend on them are still looked for.

Kept in the run's workspace, which goes when the run ends; keys may be names of people.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from schoolkeeper.catalogue.recover.rows.sides import Values

NAME = "missing.json"
Missing = dict[str, list[Values]]


def noted(folder: Path) -> Missing:
    """The keys of the rows noted before, by table."""
    path = folder / NAME
    if not path.is_file():
        return {}
    return {table: [tuple(key) for key in keys] for table, keys in json.loads(path.read_text()).items()}


def note(folder: Path, rows: Iterable[tuple[str, Values]]) -> None:
    """Remember these rows as well."""
    missing = noted(folder)
    for table, key in rows:
        if key not in missing.setdefault(table, []):
            missing[table].append(key)
    temporary = (folder / NAME).with_suffix(".tmp")
    temporary.touch(0o600)
    temporary.write_text(json.dumps(missing))
    temporary.replace(folder / NAME)
