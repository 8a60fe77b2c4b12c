"""What changed between two sets, from their own lists: nothing is restored for it."""

from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from schoolkeeper.cli.results.backups import component, manifest_of, signer
from schoolkeeper.connectors.databases.contents import DatabaseContents
from schoolkeeper.connectors.store.errors import SealError
from schoolkeeper.connectors.store.file_table import FileTable
from schoolkeeper.connectors.store.look import StoreLook
from schoolkeeper.connectors.store.manifest import Manifest
from schoolkeeper.connectors.system import System
from schoolkeeper.kernel.errors import Permanent

NAMES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class TableChange:
    """A table whose rows are not the same in both sets; None where a set has no such table."""

    table: str
    rows_before: int | None
    rows_after: int | None


@dataclass(frozen=True, slots=True)
class FolderChange:
    """What is different in a folder; paths as lists spell them."""

    component: str
    added: tuple[str, ...]
    altered: tuple[str, ...]
    deleted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """`objects` are definitions (tables, functions, privileges, …) that came, went or changed."""

    earlier: str
    later: str
    tables: tuple[TableChange, ...]
    objects: tuple[str, ...]
    folders: tuple[FolderChange, ...]


def compared(system: System, store_name: str, earlier: str, later: str) -> Comparison:
    """Compare two sets. Raises Invalid when one is not there, Permanent when its lists cannot be opened."""
    with StoreLook(store_name, component(system, store_name), system.slug, signer()) as store:
        before, after = manifest_of(store, earlier), manifest_of(store, later)
        try:
            was, now = _contents(store, before), _contents(store, after)
            names = sorted({part.component for part in (*before.files, *after.files)})
            folders = [_folder(name, _files(store, before, name), _files(store, after, name)) for name in names]
        except SealError as error:
            raise Permanent(f"The lists of the sets cannot be opened: {error}.") from error
    return Comparison(earlier, later, _tables(was, now), _objects(was, now), tuple(folders))


def _contents(store: StoreLook, manifest: Manifest) -> DatabaseContents:
    return store.model(manifest.database.contents, manifest.database.contents_digest, DatabaseContents)


def _files(store: StoreLook, manifest: Manifest, name: str) -> FileTable:
    part = next((one for one in manifest.files if one.component == name), None)
    return store.index(part).files if part else FileTable()


def _tables(was: DatabaseContents, now: DatabaseContents) -> tuple[TableChange, ...]:
    names = sorted(was.tables.keys() | now.tables.keys())
    pairs = ((name, was.tables.get(name), now.tables.get(name)) for name in names)
    return tuple(
        TableChange(name, before.rows if before else None, after.rows if after else None)
        for name, before, after in pairs
        if before != after
    )


def _objects(was: DatabaseContents, now: DatabaseContents) -> tuple[str, ...]:
    kinds = sorted(was.objects.keys() | now.objects.keys())
    return tuple(
        f"{kind} {name}"
        for kind in kinds
        for name in sorted(was.objects.get(kind, {}).keys() | now.objects.get(kind, {}).keys())
        if was.objects.get(kind, {}).get(name) != now.objects.get(kind, {}).get(name)
    )


def _folder(name: str, was: FileTable, now: FileTable) -> FolderChange:
    added, altered = [], []
    for place, path in enumerate(now.paths):
        if (earlier := was.find(path)) is None:
            added.append(path)
        elif was.sha256(earlier) != now.sha256(place):
            altered.append(path)
    deleted = (path for path in was.paths if now.find(path) is None)
    return FolderChange(name, tuple(sorted(added)), tuple(sorted(altered)), tuple(sorted(deleted)))


def render(result: Comparison) -> RenderableType:
    """Tables with their rows, then objects, then folders."""
    lines: list[RenderableType] = [Text(f"From {result.earlier} to {result.later}", "bold")]
    if result.tables:
        table = Table("Table", "Rows before", "Rows after", "", box=None, pad_edge=False)
        for one in result.tables:
            same = one.rows_before == one.rows_after
            cells = ("none" if rows is None else f"{rows:,}" for rows in (one.rows_before, one.rows_after))
            table.add_row(one.table, *cells, "other content" if same else "")
        lines.append(table)
    else:
        lines.append(Text("Every table has the same rows."))
    lines += [Text(f"changed: {name}") for name in result.objects]
    for folder in result.folders:
        lines.append(_told(folder))
    return Group(*lines)


def _told(folder: FolderChange) -> Text:
    counts = f"{len(folder.added):,} added, {len(folder.altered):,} altered, {len(folder.deleted):,} deleted"
    names = [f"\n  + {path}" for path in folder.added] + [f"\n  ~ {path}" for path in folder.altered]
    names += [f"\n  - {path}" for path in folder.deleted]
    more = f"\n  … and {len(names) - NAMES_SHOWN:,} more" if len(names) > NAMES_SHOWN else ""
    return Text(f"{folder.component}: {counts}" + "".join(names[:NAMES_SHOWN]) + more)
