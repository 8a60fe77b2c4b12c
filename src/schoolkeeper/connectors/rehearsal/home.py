"""What the restored ERP finds when it starts: its code and files, placed as it expects them, and nothing else."""

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.rehearsal.places import fill
from schoolkeeper.profiles.model import Address, Place, Profile, Rehearsal, Substitution

CODE = "code"
TEMPORARY = "tmp"


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of one rehearsal. Restored folders are linked into it; those in which something is changed or
    placed are copied, so that what was restored keeps its shape."""

    folder: Path
    rehearsal: Rehearsal
    restored: Mapping[str, Path]
    """The restored folders by component; `code` is one of them."""

    def path(self, component: str) -> Path:
        """Where a component lies."""
        below = self.rehearsal.code_folder if component == CODE else self.rehearsal.folders[component]
        return self.folder / below

    @property
    def code(self) -> Path:
        return self.path(CODE)

    @property
    def places(self) -> dict[str, str]:
        """What texts of the profile call these folders."""
        folders = {name: str(self.path(name)) for name in self.rehearsal.folders}
        return {**folders, "home": str(self.folder), "code": str(self.code)}

    @property
    def writable(self) -> list[Path]:
        """The folders that the ERP may change."""
        return [self.folder, *self.restored.values()]

    def furnish(self, profile: Profile, values: Mapping[str, str]) -> list[Fault]:
        """Make it anew. Faults name what should be rewritten and could not be found."""
        neutralise = self.rehearsal.neutralise
        changes: list[Address | Place] = [*profile.backup.addresses, *neutralise.substitute, *neutralise.remove]
        changed = {change.component for change in changes}
        self.remove()
        (self.folder / TEMPORARY).mkdir(parents=True)
        for component in sorted(self.restored, key=lambda name: len(self.path(name).parts)):
            holds = any(self.path(component) in self.path(other).parents for other in self.restored)
            self._place(component, copied=holds or component in changed)
        return list(self._neutralise(profile, values))

    def missing(self, values: Mapping[str, str]) -> str:
        """The first thing without which the ERP must not be started; "" when all are there."""
        if not self.code.is_dir() or not any(self.code.iterdir()):
            return "the folder of the code"
        wanted = [Path(fill(text, values)) for text in self.rehearsal.required]
        absent = next((path for path in wanted if not path.exists()), None)
        return "" if absent is None else os.path.relpath(absent, self.folder)

    def remove(self) -> None:
        """Take it away; what it links to stays."""
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def _has(self, component: str) -> bool:
        return component in self.restored and self.path(component).is_dir()

    def _place(self, component: str, copied: bool) -> None:
        source, target = self.restored[component], self.path(component)
        if not source.is_dir():
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir():
            shutil.rmtree(target)  # the copied code came with a folder of that name
        if copied:
            shutil.copytree(source, target, symlinks=True)
        else:
            target.symlink_to(source.resolve())

    def _neutralise(self, profile: Profile, values: Mapping[str, str]) -> Iterator[Fault]:
        own = [
            Substitution(component=address.component, path=address.path, pattern=address.pattern, by="{url}")
            for address in profile.backup.addresses
        ]
        for change in [*own, *self.rehearsal.neutralise.substitute]:
            if self._has(change.component) and not self._substitute(change, fill(change.by, values)):
                yield Fault(
                    code="unknown",
                    subject=f"{change.component}/{change.path}",
                    expected=f"an address or setting like {change.pattern} to rewrite",
                    found="it is not there",
                    level="warning",
                )
        for place in self.rehearsal.neutralise.remove:
            if self._has(place.component):
                (self.path(place.component) / place.path).unlink(missing_ok=True)

    def _substitute(self, change: Substitution, text: str) -> int:
        """Replace what the group of the pattern finds; returns how often."""
        file = self.path(change.component) / change.path
        if not file.is_file():
            return 0
        before = file.read_text(encoding="utf-8", errors="surrogateescape")
        after, count = re.subn(change.pattern, lambda found: _replaced(found, text), before, flags=re.MULTILINE)
        mode = file.stat().st_mode
        file.unlink()  # it may be a link, or closed to writing
        file.write_text(after, encoding="utf-8", errors="surrogateescape")
        file.chmod(mode)
        return count


def _replaced(found: re.Match[str], text: str) -> str:
    if found[1] is None:
        return found[0]
    begin, end = found.start(1) - found.start(), found.end(1) - found.start()
    return found[0][:begin] + text + found[0][end:]
