"""Every command and every setting is in the documents."""

import re
from importlib import import_module
from pathlib import Path

from schoolkeeper.cli.command import COMMANDS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/command-line.md").read_text()


def test_every_command_is_documented() -> None:
    import_module("schoolkeeper.cli.main")
    missing = [name for name in COMMANDS if not re.search(rf"`{name}[ `]", PAGE)]
    assert missing == []


def test_every_setting_is_documented() -> None:
    source = (ROOT / "src/schoolkeeper/server/configuration.py").read_text()
    names = set(re.findall(r"SCHOOLKEEPER_[A-Z_]+", source))
    assert sorted(name for name in names if f"`{name}`" not in PAGE) == []
