"""Bring single files and folders back from a set."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path, PurePosixPath

from schoolkeeper.catalogue.recover.files.bringing import bring, give_back
from schoolkeeper.catalogue.recover.files.choosing import look_around
from schoolkeeper.catalogue.recover.files.facts import FilesFacts, FilesOptions, Wanted
from schoolkeeper.catalogue.recover.files.judging import objections, verdicts
from schoolkeeper.catalogue.task import SystemTask
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.engines.kinds import ENGINE_KINDS
from schoolkeeper.connectors.look import Look
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.finding import Finding, Level
from schoolkeeper.kernel.measurement import Measurement
from schoolkeeper.kernel.plan import Action, Step
from schoolkeeper.kernel.spec import Kind, Risk, Spec, Undo

# Up to here each file has a step of its own; above, a person reads folders.
FILES_ONE_BY_ONE = 50


class RecoverFiles(SystemTask[FilesOptions, FilesFacts]):
    spec = Spec(
        id="recover.files",
        version=1,
        title="Bring files back",
        summary="Brings single files and folders back from a set; what stands in their places is kept.",
        kind=Kind.CORRECTIVE,
        risk=Risk.DISRUPTIVE,
        undo=Undo.STEPWISE,
        reads=frozenset({"store"}),
        reads_if_there=frozenset({"files"}) | ENGINE_KINDS,
        writes=frozenset({"files", "scratch"}),
        cadence=None,
        requirements=frozenset({"M014"}),
        findings={
            "no_set": "There is no such backup set",
            "unusable": "The files of the set cannot be read",
            "no_match": "The set has nothing of this name",
            "too_many": "More files than one run may bring back",
            "wrong_place": "Files cannot be brought there",
            "blocked": "Something stands in the way",
            "newer": "The file that is there is newer than the saved one",
            "as_saved": "Files are as they were saved",
            "not_back": "A file did not come back",
        },
        home=Path(__file__).parent,
    )
    options = FilesOptions
    facts = FilesFacts

    def assess(self, look: Look, options: FilesOptions) -> FilesFacts:
        return look_around(look, options)

    def judge(self, facts: FilesFacts, options: FilesOptions) -> Sequence[Finding]:
        return [
            self.finding(suffix, level, says, subject=subject, hint=hint)
            for suffix, level, says, subject, hint in verdicts(facts, options)
        ]

    def plan(self, facts: FilesFacts, options: FilesOptions) -> Sequence[Step]:
        if list(objections(facts, options)):
            return ()
        wanted = facts.to_come(options.overwrite)
        if len(wanted) <= FILES_ONE_BY_ONE:
            return tuple(_step(f"file:{one.path}", _says(one), facts, options, [one]) for one in wanted)
        return tuple(_folder_steps(wanted, facts, options))

    def apply(self, action: Action, act: Act) -> Mapping[str, object]:
        match action.verb:
            case "bring":
                return bring(act, action.arguments)
            case "give_back":
                return give_back(act, action.arguments)
        raise Permanent(f"{self.spec.id} knows no action {action.verb!r}")

    def verify(self, before: FilesFacts, after: FilesFacts, options: FilesOptions) -> Sequence[Finding]:
        """Every file that was to come is read again and compared with the set."""
        now = {one.path: one.state for one in after.wanted}
        return [
            self.finding("not_back", Level.ERROR, f"{one.path} is not as it was saved.", subject=one.path)
            for one in before.to_come(options.overwrite)
            if now.get(one.path) != "same"
        ]

    def measure(self, facts: FilesFacts) -> Sequence[Measurement]:
        same = sum(one.state == "same" for one in facts.wanted)
        return [Measurement("recover.files_as_saved_count", same, facts.component)] if facts.wanted else []


def _folder_steps(wanted: Sequence[Wanted], facts: FilesFacts, options: FilesOptions) -> Iterator[Step]:
    def folder_of(one: Wanted) -> str:
        return PurePosixPath(one.path).parent.as_posix()

    for folder, found in groupby(sorted(wanted, key=lambda one: (folder_of(one), one.path)), key=folder_of):
        files = list(found)
        replaced = sum(one.state != "missing" for one in files)
        size = sum(one.size_bytes for one in files) / 1e6
        kept = f" {replaced:,} files that are there now are kept aside." if replaced else ""
        says = f"Bring back {len(files):,} files of the folder {folder} ({size:,.1f} MB).{kept}"
        yield _step(f"folder:{folder}", says, facts, options, files)


def _says(one: Wanted) -> str:
    if one.kind == "link":
        return f"Bring back the link {one.path}."
    came = f"Bring back {one.path} ({one.size_bytes:,} bytes, last written {one.saved_at:%Y-%m-%d %H:%M} UTC)"
    if one.live_at is None:
        return f"{came}; nothing is there now."
    return (
        f"{came}; what is there now ({one.live_bytes:,} bytes, of {one.live_at:%Y-%m-%d %H:%M} UTC) is kept aside."
    )


def _step(key: str, says: str, facts: FilesFacts, options: FilesOptions, files: Sequence[Wanted]) -> Step:
    arguments = {
        "set": facts.set,
        "store": options.store,
        "component": facts.component,
        "into": options.into,
        "makes_target": not facts.target_exists,
        "folders": sorted({folder for one in files for folder in one.folders_missing}),
        "files": [
            {
                "path": one.path,
                "kind": one.kind,
                "content": one.content,
                "live_bytes": one.live_bytes,
                "live_at": one.live_at and one.live_at.isoformat(),
            }
            for one in files
        ],
    }
    return Step(
        key=key,
        says=says,
        action=Action(verb="bring", arguments=arguments),
        inverse=Action(verb="give_back", arguments=arguments),
    )
