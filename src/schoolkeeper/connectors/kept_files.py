"""What is in the files of a folder of a set, whoever keeps them: we, or another backup tool."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, dropwhile
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
        self._most = BATCH_FILES
        self._there: frozenset[str] = frozenset()

    def __call__(self, file: StoredFile) -> Iterator[bytes]:
        """The content of a file. Raises Damaged when the tool does not have it."""
        if file.path not in self._there:
            self._fetch_from(file)
        path = self._folder / path_of(file.path)
        if path.is_symlink() or not path.is_file():
            raise Damaged("it did not come back")
        with path.open("rb") as content:
            while block := content.read(BLOCK_BYTES):
                yield block

    def _fetch_from(self, first: StoredFile) -> None:
        batch = self._batch(first)
        try:
            self._fetch(batch)
        except Permanent as error:  # it lacks one of them: fewer are asked for, until it is that one alone
            if len(batch) == 1:
                raise Damaged(str(error)) from error
            self._files, self._most = chain(batch, self._files), len(batch) // 2
            self._fetch_from(first)
        else:
            self._most = min(BATCH_FILES, 2 * self._most)

    def _batch(self, first: StoredFile) -> list[StoredFile]:
        """From this one on; what comes before it is there already, and nobody asks for it."""
        batch, size = list[StoredFile](), 0
        for file in dropwhile(lambda one: one.path != first.path, self._files):
            batch.append(file)
            size += file.size_bytes
            if len(batch) >= self._most or size >= BATCH_BYTES:
                break
        return batch or [first]

    def _fetch(self, files: list[StoredFile]) -> None:
        remove_tree(self._folder)
        self._there = frozenset()
        only = [str(path_of(one.path)) for one in files]
        self._engine.fetch_files(self._copy, self._component, self._folder, only)
        self._there = frozenset(one.path for one in files)
