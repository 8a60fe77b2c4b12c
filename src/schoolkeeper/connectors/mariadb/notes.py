"""What a saved database's contents tell about how well they could be held still."""

import re
from collections.abc import Iterable

from schoolkeeper.connectors.databases.contents import DatabaseContents, Setting

_PREFIX = "saving."
_WAY = _PREFIX + "way"
_MOVED = _PREFIX + "moved"
_ENGINE = re.compile(r"\bengine=([^;]*)")
_TRANSACTIONAL = frozenset({"innodb", "rocksdb", "tokudb", "ndbcluster"})


def notes(way: str, moved: Iterable[str]) -> list[Setting]:
    """Notes to keep among the settings; they are no settings of the server (`is_note`)."""
    return [
        Setting(role="", name=_WAY, value=way),
        Setting(role="", name=_MOVED, value="\n".join(sorted(moved))),
    ]


def is_note(setting: Setting) -> bool:
    return setting.name.startswith(_PREFIX)


def way_of(contents: DatabaseContents) -> str:
    """How the dump and the contents came to agree: "global lock", "table locks" or "no lock"; "" if unsaid."""
    return _value(contents, _WAY)


def moved(contents: DatabaseContents) -> frozenset[str]:
    """What changed between the two readings: tables by name, other things by kind and name ("view staff").

    For these a difference between a restored copy and the contents says nothing about the dump.
    """
    return frozenset(filter(None, _value(contents, _MOVED).split("\n")))


def not_transactional(contents: DatabaseContents) -> list[str]:
    """Tables (MyISAM, Aria, MEMORY and others) that cannot be read as of one moment while others write."""
    return [name for name, engine in _engines(contents) if engine.lower() not in _TRANSACTIONAL]


def without_history(contents: DatabaseContents) -> list[str]:
    """System-versioned tables whose past a dump of this server cannot carry."""
    tables = contents.objects.get("table", {}).items()
    versioned = [name for name, definition in tables if "table_type=SYSTEM VERSIONED" in definition]
    return [name for name in versioned if f"{name} history" not in contents.tables]


def imprecise(contents: DatabaseContents) -> list[str]:
    """Columns of type FLOAT: a dump carries six digits of them, so a restored value may differ after the sixth."""
    columns = contents.objects.get("column", {})
    return [name for name, definition in columns.items() if "; column_type=float" in definition]


def _engines(contents: DatabaseContents) -> list[tuple[str, str]]:
    tables = contents.objects.get("table", {}).items()
    return [(name, found[1] if (found := _ENGINE.search(definition)) else "") for name, definition in tables]


def _value(contents: DatabaseContents, name: str) -> str:
    return next((setting.value for setting in contents.settings if setting.name == name), "")
