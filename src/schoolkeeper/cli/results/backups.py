"""What lies in a store of backups, read from the store itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatch

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from schoolkeeper.catalogue.backup.drill.facts import Proof
from schoolkeeper.catalogue.backup.drill.proofs import Proofs, read_proofs
from schoolkeeper.connectors.store.act import StoreAct
from schoolkeeper.connectors.store.component import StoreComponent
from schoolkeeper.connectors.store.envelope import identity_from, unseal
from schoolkeeper.connectors.store.errors import SealError
from schoolkeeper.connectors.store.look import KeyCheck, StoredSet, StoreLook
from schoolkeeper.connectors.store.manifest import Manifest, Stored
from schoolkeeper.connectors.system import System
from schoolkeeper.kernel.errors import Invalid, Permanent
from schoolkeeper.ledger.keys import KeySigner, signer_at
from schoolkeeper.server import configuration

SUSPECT = Text("not signed: may be somebody else's", "red")


@dataclass(frozen=True, slots=True)
class SetLine:
    """One set; sizes in bytes, times UTC. `proven` is True, False, or None when no drill has tried it.

    `is_suspect`: it is not signed, although sets were signed by then, so somebody else may have written it.
    """

    id: str
    taken_at: datetime | None = None
    age_hours: float | None = None
    rows: int | None = None
    files: int | None = None
    size_bytes: int | None = None
    new_bytes: int | None = None
    proven: bool | None = None
    proven_at: datetime | None = None
    fault: str = ""
    is_suspect: bool = False

    @property
    def is_usable(self) -> bool:
        """Whether it may be recovered from, as far as can be told from here."""
        return not self.fault and not self.is_suspect


def component(system: System, name: str) -> StoreComponent:
    """The store of this name in a definition. Raises Invalid."""
    found = system.components.get(name)
    if isinstance(found, StoreComponent):
        return found
    stores = [one for one, kind in system.components.items() if isinstance(kind, StoreComponent)]
    says = f"{system.slug} has no store {name!r}; it has: {', '.join(stores) or 'none'}"
    raise Invalid("--store", [says])


def signer() -> KeySigner | None:
    """Whose signatures are ours here: those of this installation, if its key is there."""
    return signer_at(configuration.read().home)


def listed(system: System, store_name: str) -> tuple[SetLine, ...]:
    """Every set, newest first. Raises Unreachable."""
    with StoreLook(store_name, component(system, store_name), system.slug, signer()) as store:
        sets = store.sets()
        proofs, now = read_proofs(store, sets), datetime.now(UTC)
        suspect = {one.id for one in sets if store.is_suspect(one)}
    lines = (_line(one, proofs, now) for one in reversed(sets))
    return tuple(replace(line, is_suspect=line.id in suspect) for line in lines)


def _line(one: StoredSet, proofs: Proofs, now: datetime) -> SetLine:
    if one.manifest is None:
        return SetLine(one.id, fault=one.fault)
    proof = _newest(proofs, one.id)
    return SetLine(
        id=one.id,
        taken_at=one.manifest.taken_at,
        age_hours=round((now - one.manifest.taken_at) / timedelta(hours=1), 1),
        rows=one.manifest.database.rows,
        files=sum(part.files for part in one.manifest.files),
        size_bytes=one.manifest.size_bytes,
        new_bytes=one.manifest.new_bytes,
        proven=proof.holds if proof else None,
        proven_at=proof.concluded_at if proof else None,
    )


def _newest(proofs: Proofs, set_id: str) -> Proof | None:
    return max(proofs.counting.get(set_id, {}).values(), key=lambda one: one.concluded_at, default=None)


def render(lines: Sequence[SetLine]) -> RenderableType:
    """A table."""
    if not lines:
        return Text("There is no backup set in this store. Take one: schoolkeeper run backup.create SYSTEM")
    headings = ("Set", "Age", "Rows", "Files", "Size", "New", "Restores?")
    table = Table(*headings, box=None, pad_edge=False)
    for line in lines:
        if line.fault:
            table.add_row(line.id, Text(f"cannot be used: {line.fault}", "red"))
            continue
        numbers = (f"{line.rows:,}", f"{line.files:,}", size(line.size_bytes), size(line.new_bytes))
        answer = SUSPECT if line.is_suspect else _answer(line.proven, line.proven_at)
        table.add_row(line.id, age(line.age_hours or 0), *numbers, answer)
    return table


def _answer(proven: bool | None, at: datetime | None) -> Text:
    if proven is None or at is None:
        return Text("never tried", "yellow")
    how_long = age((datetime.now(UTC) - at) / timedelta(hours=1))
    return Text(f"proven {how_long} ago", "green") if proven else Text(f"NOT, tried {how_long} ago", "red")


def age(hours: float) -> str:
    """A duration for people."""
    if hours < 1:
        return f"{hours * 60:.0f} min"
    return f"{hours:.0f} h" if hours < 72 else f"{hours / 24:.0f} days"


def size(size_bytes: int | None) -> str:
    """An amount of data for people."""
    value, units = float(size_bytes or 0), ["B", "kB", "MB", "GB", "TB"]
    while value >= 1000 and len(units) > 1:
        value, units = value / 1000, units[1:]
    return f"{value:.0f} {units[0]}" if value >= 100 or units[0] == "B" else f"{value:.1f} {units[0]}"


@dataclass(frozen=True, slots=True)
class SetShown:
    """One set with all that is known without a key; `proofs` are the newest first."""

    manifest: Manifest
    proofs: tuple[Proof, ...]
    keys: dict[str, datetime | None]


def shown(system: System, store_name: str, set_id: str) -> SetShown:
    """A set. Raises Invalid when there is none, Permanent when its manifest cannot be used."""
    with StoreLook(store_name, component(system, store_name), system.slug, signer()) as store:
        stored = _stored(store, set_id)
        manifest = _usable(stored)
        proofs = read_proofs(store, [stored]).counting[set_id].values()
        checks = store.key_checks()
    keys = {
        recipient: checks[recipient].checked_at if recipient in checks else None
        for recipient in manifest.recipients
    }
    newest_first = sorted(proofs, key=lambda proof: proof.concluded_at, reverse=True)
    return SetShown(manifest, tuple(newest_first), keys)


def manifest_of(store: StoreLook, set_id: str) -> Manifest:
    """The manifest of a set. Raises Invalid when there is none, Permanent when it cannot be used."""
    return _usable(_stored(store, set_id))


def _stored(store: StoreLook, set_id: str) -> StoredSet:
    found = next((one for one in store.sets() if one.id == set_id), None)
    if found is None:
        raise Invalid("set", [f"{store.where} has no set {set_id!r}: see `schoolkeeper backups list`"])
    return found


def _usable(stored: StoredSet) -> Manifest:
    if stored.manifest is None:
        raise Permanent(f"The set {stored.id} cannot be used: {stored.fault}.")
    return stored.manifest


def render_set(result: SetShown) -> RenderableType:
    """What it is, its parts, its proofs, its keys."""
    manifest, source = result.manifest, result.manifest.database.source
    parts = Table("Part", "Holds", "Size", "New", box=None, pad_edge=False)
    parts.add_row(
        "database",
        f"{manifest.database.tables:,} tables, {manifest.database.rows:,} rows",
        *_sizes(manifest.database),
    )
    for part in manifest.files:
        parts.add_row(part.component, f"{part.files:,} files", *_sizes(part))
    lines: list[RenderableType] = [
        Text(f"{manifest.set} of {manifest.system} ({manifest.environment})", "bold"),
        Text(
            f"Taken {manifest.taken_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC, "
            f"in {manifest.duration.total_seconds():.0f} s"
        ),
        Text(f"From {source.product} {source.server_version}, database {source.database}"),
        parts,
    ]
    for proof in result.proofs:
        lines.append(_answer(proof.holds, proof.concluded_at))
    if not result.proofs:
        lines.append(_answer(None, None))
    for recipient, checked_at in result.keys.items():
        seen = (
            f"opened a set {age((datetime.now(UTC) - checked_at) / timedelta(hours=1))} ago"
            if checked_at
            else "never checked"
        )
        lines.append(Text(f"Key {recipient[:16]}…: {seen}", "" if checked_at else "yellow"))
    return Group(*lines)


def _sizes(part: Stored) -> tuple[str, str]:
    return size(sum(one.size_bytes for one in part.objects)), size(part.new_bytes)


@dataclass(frozen=True, slots=True)
class FileLine:
    """A file of a set; `path` as lists spell it, size in bytes."""

    path: str
    size_bytes: int
    modified_at: datetime


def files(system: System, store_name: str, set_id: str, part_name: str, pattern: str) -> tuple[FileLine, ...]:
    """The files of a folder whose paths fit. Raises Invalid, and Permanent when the list cannot be opened."""
    with StoreLook(store_name, component(system, store_name), system.slug, signer()) as store:
        manifest = manifest_of(store, set_id)
        part = next((one for one in manifest.files if one.component == part_name), None)
        if part is None:
            have = ", ".join(one.component for one in manifest.files) or "none"
            raise Invalid("component", [f"the set has no folder {part_name!r}; it has: {have}"])
        try:
            index = store.index(part)
        except SealError as error:
            raise Permanent(f"The list of files cannot be opened: {error}.") from error
    return tuple(
        FileLine(one.path, one.size_bytes, datetime.fromtimestamp(one.mtime_ns / 1e9, UTC))
        for one in index.files
        if fnmatch(one.path, pattern)
    )


def render_files(lines: Sequence[FileLine]) -> RenderableType:
    """A table."""
    if not lines:
        return Text("No file of the set fits.")
    table = Table("Path", "Size", "Changed (UTC)", box=None, pad_edge=False)
    for line in lines:
        table.add_row(
            Text(line.path, overflow="fold"), size(line.size_bytes), f"{line.modified_at:%Y-%m-%d %H:%M}"
        )
    return table


def check_key(system: System, store_name: str, text: str, by: str) -> str:
    """Open the newest set with a private key, and note that it did. The answer in a sentence.

    Raises Invalid for what is no key, Permanent when it does not open the set.
    """
    try:
        identity = identity_from(text)
    except ValueError as error:
        raise Invalid("private key", [str(error)]) from None
    with StoreAct(store_name, component(system, store_name), system.slug, signer()) as store:
        sound = [one.manifest for one in store.sets() if one.manifest is not None]
        if not sound:
            raise Permanent("There is no set that the key could be tried on.")
        manifest = max(sound, key=lambda one: one.set)
        recipient = str(identity.to_public())
        try:
            unseal(store.get(manifest.database.contents.name), identity)
        except (SealError, FileNotFoundError) as error:
            raise Permanent(
                f"This key ({recipient[:16]}…) does not open the set {manifest.set}: {error}."
            ) from error
        store.keep_key_check(KeyCheck(recipient=recipient, set=manifest.set, checked_at=datetime.now(UTC), by=by))
    return f"The key {recipient[:16]}… opens the set {manifest.set}. This was noted; the key was not kept."
