"""Taking copies with pgBackRest, and deleting them."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from schoolkeeper.connectors.databases.protocol import Readable
from schoolkeeper.connectors.engines.pgbackrest.look import ANNOTATION, PgbackrestLook
from schoolkeeper.connectors.engines.protocol import Copy
from schoolkeeper.kernel.errors import Permanent


class PgbackrestAct(PgbackrestLook):
    """pgBackRest lists a backup only once it is whole, with the log that it needs; it continues a broken one."""

    def take_server(self, set_id: str) -> Copy:
        """What expires is not decided here, so pgBackRest's own expiry after a backup is off."""
        before = {copy.id for copy in self.copies()}
        kind, annotation = f"--type={self._component.type}", f"--annotation={ANNOTATION}={set_id}"
        said = self._run("backup", kind, annotation, "--no-expire-auto", repo=True)
        if said.code:
            raise self._known_failure(said) or Permanent(f"{self.name}: no backup was taken: {said.words}")
        copies = [copy for copy in self.copies() if copy.set_id == set_id]
        taken = next((copy for copy in copies if copy.id not in before), None)
        if taken is None:
            raise Permanent(f"{self.name}: pgBackRest does not list the backup that it took")
        for replaced in copies:
            if replaced.id != taken.id and not self._built_on(replaced.id):
                self.delete(replaced.id)
        return taken

    def take_dump(self, set_id: str, dump: AbstractContextManager[Readable]) -> Copy:
        raise Permanent(f"{self.name}: pgBackRest keeps a server's own files, not a dump")

    def take_files(self, set_id: str, component: str, root: Path, exclude: Sequence[str]) -> Copy:
        raise Permanent(f"{self.name}: pgBackRest keeps a server's own files, no others")

    def delete(self, copy_id: str) -> None:
        """Raises Permanent when other copies build on it, or it is the last full one, which pgBackRest keeps."""
        if all(listed["label"] != copy_id for listed in self._backups()):
            return
        if others := self._built_on(copy_id):
            raise Permanent(f"{self.name}: {', '.join(others)} would be lost with {copy_id}; delete those first")
        said = self._run("expire", f"--set={copy_id}", repo=True)
        if any(listed["label"] == copy_id for listed in self._backups()):
            raise self._known_failure(said) or Permanent(f"{self.name}: {copy_id} was not deleted: {said.words}")

    def _built_on(self, copy_id: str) -> list[str]:
        return [listed["label"] for listed in self._backups() if copy_id in (listed["reference"] or ())]
