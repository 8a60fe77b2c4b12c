"""One recovery between its steps: the set, the targets, and what was written down so far."""

from collections.abc import Mapping
from pathlib import Path

from schoolkeeper.catalogue.recover.system.facts import Record
from schoolkeeper.catalogue.recover.system.recording import keep_of, read_record, write_record
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.databases.replacement import Replacement
from schoolkeeper.connectors.files.swapping import FolderSwap
from schoolkeeper.connectors.replacements import replacement
from schoolkeeper.connectors.store.look import StoreLook
from schoolkeeper.connectors.store.manifest import FilesPart, Manifest
from schoolkeeper.kernel.errors import Permanent

# An object may be spelled otherwise by a newer server, and an extension has the version that is installed here.
SPELLING = "schema_differs"
OTHER_SPELLING = ("another definition", "one too many")  # not what is missing, nor where a sequence stands
EXTENSION = "extension "


class Recovery:
    """What the steps work on. `given` are the arguments that all steps of a plan have in common."""

    def __init__(self, act: Act, store: StoreLook, record: Record, given: Mapping[str, object]) -> None:
        self.act = act
        self.store = store
        self.record = record
        self.accept_damage = bool(given["accept_damage"])
        self._component = str(given["database"])

    @property
    def manifest(self) -> Manifest:
        manifest = self.store.manifest(self.record.set)
        if manifest is None:
            raise Permanent(f"the manifest of set {self.record.set} cannot be read any more")
        return manifest

    @property
    def database(self) -> Replacement:
        return replacement(self.act.system, self._component, self.record.tag, keep_of(self.act.run))

    @property
    def concluded(self) -> bool:
        return self.record.concluded_at is not None

    @property
    def was_opened(self) -> bool:
        """Whether users may have worked in what was restored."""
        return self.record.opened_at is not None

    def part(self, component: str) -> FilesPart:
        """A folder of the set."""
        found = next((one for one in self.manifest.files if one.component == component), None)
        if found is None:
            raise Permanent(f"the set {self.record.set} has no folder {component}")
        return found

    def folder(self, component: str) -> FolderSwap:
        """A folder of the target, where it was when this run began."""
        found = next((one for one in self.record.folders if one.component == component), None)
        if found is None:
            raise Permanent(f"the folder {component} is none of those that this run began with")
        return FolderSwap(Path(found.path), self.record.tag)

    def note(self, **changes: object) -> None:
        """Write down how far the run has come."""
        kept = read_record(self.act.run) or self.record
        self.record = kept.model_copy(update=changes)
        write_record(self.act.run, self.record)

    def checked(self, faults: list[Fault], of: str) -> list[Fault]:
        """All faults known so far, with these.

        Raises Permanent when one is too grave to go on: nothing that users see has been touched yet.
        """
        marked = [fault.model_copy(update={"level": self._level(fault)}) for fault in faults]
        if grave := [fault for fault in marked if fault.level == "error"]:
            more = f", and {len(grave) - 1} more" if len(grave) > 1 else ""
            first = grave[0]
            raise Permanent(
                f"What was restored of {of} is not what was saved: {first.subject}: "
                f"{first.found or 'differs'}{more}. Nothing was replaced. Take another set, or say "
                "accept_damage=true."
            )
        return [*self.record.faults, *marked]

    def _level(self, fault: Fault) -> str:
        """Errors stop a recovery, unless they were to be expected on this server or are accepted."""
        is_like = self.record.database.is_like(self.manifest.database.source)
        respelled = not is_like and fault.found in OTHER_SPELLING
        expected = fault.code == SPELLING and (respelled or fault.subject.startswith(EXTENSION))
        return "warning" if fault.level == "error" and (expected or self.accept_damage) else fault.level
