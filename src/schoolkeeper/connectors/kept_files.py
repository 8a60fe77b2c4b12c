"""What is in the files of a folder of a set, whoever keeps them: we, or another backup tool."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import dropwhile
from pathlib import Path

from schoolkeeper.connectors.engines.protocol import EngineLook
from schoolkeeper.connectors.restored import Engines
from schoolkeeper.connectors.store.errors import Damaged
from schoolkeeper.connectors.store.look import StoreLook
from schoolkeeper.connectors.store.manifest import FilesPart, Held, Index, StoredFile
from schoolkeeper.connectors.store.planting import Content, path_of, remove_tree
from schoolkeeper.kernel.errors import Permanent

BATCH_FILES, BATCH_BYTES = 2000, 10**9
"""Another tool is asked for so much at a time: each asking takes it seconds, and what it brings takes room."""
BLOCK_BYTES = 1 << 20


@contextmanager
def reading(
    store: StoreLook,
    part: FilesPart,
    index: Index,
    engines: Engines,
    workspace: Path,
    wanted: Iterable[StoredFile] | None = None,
) -> Iterator[Content]:
    """What gives the content of each file, asked for in the order of the list, or of those that are `wanted`.

    What another tool brings back lies in `workspace` meanwhile, which is removed. Raises Unreachable when that
    tool does not answer.
    """
    if part.held is None:
        with store.reader(part, index) as reader:
            yield lambda file: reader.read(file.chunk_ids)
        return
    try:
        yield _Batches(engines(part.held.component), part.component, part.held, workspace, wanted or index.files)
    finally:
        remove_tree(workspace)


class _Batches:
    """Files that another tool brings back, a batch at a time."""

    def __init__(
        self, engine: EngineLook, component: str, held: Held, folder: Path, files: Iterable[StoredFile]
    ) -> None:
        self._engine, self._component, self._copy, self._folder = engine, component, held.copy_id, folder
        self._files: Iterator[StoredFile] = iter(files)
        self._there: frozenset[str] = frozenset()
        self._refused = ""

    def __call__(self, file: StoredFile) -> Iterator[bytes]:
        """The content of a file. Raises Damaged when the tool does not have it."""
        if self._refused:
            raise Damaged(self._refused)
        if file.path not in self._there:
            self._fetch(self._batch(file))
        path = self._folder / path_of(file.path)
        if path.is_symlink() or not path.is_file():
            raise Damaged("it did not come back")
        with path.open("rb") as content:
            while block := content.read(BLOCK_BYTES):
                yield block

    def _batch(self, first: StoredFile) -> list[StoredFile]:
        """From this one on; what comes before it is there already, and nobody asks for it."""
        batch, size = list[StoredFile](), 0
        for file in dropwhile(lambda one: one.path != first.path, self._files):
            batch.append(file)
            size += file.size_bytes
            if len(batch) >= BATCH_FILES or size >= BATCH_BYTES:
                break
        return batch or [first]

    def _fetch(self, files: list[StoredFile]) -> None:
        remove_tree(self._folder)
        # Others may walk through a workspace, as scratch servers do, and the files come with their own modes.
        self._folder.mkdir(parents=True, mode=0o700)
        self._there = frozenset()
        only = [str(path_of(one.path)) for one in files]
        try:
            self._engine.fetch_files(self._copy, self._component, self._folder, only)
        except Permanent as error:  # nothing comes from this copy: asking for each file would take days
            self._refused = str(error)
            raise Damaged(self._refused) from error
        self._there = frozenset(one.path for one in files)
