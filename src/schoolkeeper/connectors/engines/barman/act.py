"""Taking copies with Barman, and deleting them."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from schoolkeeper.connectors.databases.protocol import Readable
from schoolkeeper.connectors.engines.barman.look import DONE, NAME, BarmanLook
from schoolkeeper.connectors.engines.protocol import Copy
from schoolkeeper.kernel.errors import Permanent

LOG_WAIT_SECONDS = 300


class BarmanAct(BarmanLook):
    """Barman says DONE of a backup once it is whole, with the log that it needs; only then it counts."""

    def take_server(self, set_id: str) -> Copy:
        before = {listed["backup_id"] for listed in self._listed()}
        server, name = self._component.server, NAME + set_id
        wait = ("--wait", "--wait-timeout", str(LOG_WAIT_SECONDS))
        said = self._run("backup", *wait, "--name", name, server)
        if said.code:
            raise self._known_failure(said) or Permanent(f"{self.name}: no backup was taken: {self._why(said)}")
        listed = [one for one in self._listed() if (one.get("backup_name") or "").startswith(NAME)]
        taken = next((one for one in listed if one["backup_id"] not in before), None)
        if taken is None or taken["status"] != DONE:
            why = "its log did not arrive in time; does `barman cron` run, and archive_command work?"
            raise Permanent(f"{self.name}: the backup of {set_id} is not whole: {why}")
        for one in listed:
            # No other backup of this server can have been going on, so what is not done never will be.
            if one is not taken and (one["backup_name"] == name or one["status"] != DONE):
                self.delete(one["backup_id"])
        return self._copy(taken)

    def take_dump(self, set_id: str, dump: AbstractContextManager[Readable]) -> Copy:
        raise Permanent(f"{self.name}: Barman keeps a server's own files, not a dump")

    def take_files(self, set_id: str, component: str, root: Path, exclude: Sequence[str]) -> Copy:
        raise Permanent(f"{self.name}: Barman keeps a server's own files, no others")

    def delete(self, copy_id: str) -> None:
        """Raises Permanent when other copies build on it, or when Barman's own rules keep it."""
        if all(one["backup_id"] != copy_id for one in self._listed()):
            return
        if others := self._shown(copy_id).get("catalog_information", {}).get("children_backup_ids"):
            raise Permanent(f"{self.name}: {others} would be lost with {copy_id}; delete those first")
        said = self._run("delete", self._component.server, copy_id)
        if any(one["backup_id"] == copy_id for one in self._listed()):
            raise self._known_failure(said) or Permanent(f"{self.name}: not deleted: {self._why(said)}")
