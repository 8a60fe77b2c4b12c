"""One restored ERP under test: what a drill would have brought back into its workspace."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from schoolkeeper import profiles
from schoolkeeper.connectors.rehearsal.golden import GoldenRows, golden_rows
from schoolkeeper.connectors.rehearsal.rehearsing import Rehearsed, rehearse
from schoolkeeper.profiles.model import Profile

PROFILE = profiles.load("smart-education-erp")


def with_changes(profile: Profile, **changes: Any) -> Profile:
    """The profile with another rehearsal."""
    assert profile.rehearsal is not None
    return profile.model_copy(update={"rehearsal": profile.rehearsal.model_copy(update=changes)})


@dataclass
class Restored:
    """`workspace` holds the restored folders; `golden` was saved before anything was damaged."""

    workspace: Path
    url: str
    golden: GoldenRows
    profile: Profile = PROFILE

    @property
    def code(self) -> Path:
        return self.workspace / "code"

    @property
    def folders(self) -> dict[str, Path]:
        return {name: self.workspace / name for name in ("uploads", "configuration")}

    def rehearse(self) -> Rehearsed:
        return rehearse(self.code, self.folders, self.url, self.profile, self.golden, self.workspace)

    def sql(self, statement: str) -> None:
        with psycopg.connect(self.url) as connection:
            connection.execute(statement.encode())

    def rows(self, query: str) -> list[dict[str, Any]]:
        with psycopg.connect(self.url, row_factory=dict_row) as connection:
            return connection.execute(query.encode(), ()).fetchall()

    def remember(self) -> None:
        self.golden = golden_rows(self.rows, self.profile)


def bring_back(home: Path, package: Path, workspace: Path) -> None:
    """The folders of an ERP, as a drill would bring them back."""
    shutil.copytree(home / "uploads", workspace / "uploads")
    shutil.copytree(home / "config", workspace / "configuration")
    shutil.copytree(package, workspace / "code", ignore=shutil.ignore_patterns("__pycache__"))
