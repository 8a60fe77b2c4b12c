"""Who keeps the bytes of a folder: our own chunks, or a tool; the list of what is in it is ours in any case."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from schoolkeeper.catalogue.backup.create.earlier import Earlier, earlier
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.store.manifest import Held, Index, Part
from schoolkeeper.connectors.store.spelling import spelled
from schoolkeeper.connectors.store.tree import Storing, TreeReader
from schoolkeeper.connectors.store.writing import Listing
from schoolkeeper.kernel.errors import Permanent

Passing = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class KeptFolder:
    """A folder as it was saved, and where its bytes are."""

    index: Index
    packs: list[Part] = field(default_factory=list)
    new_bytes: int = 0
    held: Held | None = None
    full_because: str = ""


def keep_folder(act: Act, set_id: str, component: str, part: str, passing: Passing) -> KeptFolder:
    """Save a folder with the tool that the definition of the store names."""
    store = act.store()
    before, root = earlier(store, component), act.look.files(component).root
    if by := store.files_by:
        copy = act.engine(by).take_files(set_id, component, root, act.look.profile.backup.exclude)
        index = _read(act, component, root, before, Listing(), passing)
        held = Held(component=by, engine=act.system.components[by].kind, copy_id=copy.id)
        return KeptFolder(index, held=held)
    with store.writer(set_id, part, before.known) as writer:
        index = _read(act, component, root, before, writer, passing)
        packs, used = writer.finish()
    index = index.model_copy(update={"packs": used})
    return KeptFolder(index, packs, writer.new_bytes, full_because=before.why)


def _read(act: Act, component: str, root: Path, before: Earlier, writer: Storing, passing: Passing) -> Index:
    try:
        exclude = act.look.profile.backup.exclude
        return TreeReader(root, writer, exclude, before.files, before.since, passing).read()
    except OSError as error:  # also a disk that fails: a set that silently lacks a file is no set
        name = spelled(str(error.filename or root))
        raise Permanent(f"{component}: {name} cannot be read: {error.strerror}.") from error
