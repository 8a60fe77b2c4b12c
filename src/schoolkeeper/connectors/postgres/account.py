"""The unprivileged account that PostgreSQL runs as when we are root, because it refuses to run as root."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from schoolkeeper.connectors.postgres.cluster_errors import ClusterError, FolderNotReachable

PREFERRED = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the operating system."""

    name: str
    uid: int
    gid: int

    def may_enter(self, folder: Path) -> bool:
        """Whether the permission bits let this account pass through `folder` (ACLs are not looked at)."""
        status = folder.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)

    def barrier(self, path: Path) -> Path | None:
        """The first existing folder on the way down to `path`, itself included, that is closed to us."""
        resolved = path.resolve()
        way = [*reversed(resolved.parents), resolved]
        return next((step for step in way if step.is_dir() and not self.may_enter(step)), None)

    def require_way_to(self, path: Path) -> None:
        """Raise FolderNotReachable, with the remedy, when this account cannot get to `path`."""
        closed = self.barrier(path)
        if closed is None:
            return
        mode = stat.S_IMODE(closed.stat().st_mode)
        raise FolderNotReachable(
            f"PostgreSQL refuses to run as root, so it runs as '{self.name}', and that account cannot enter "
            f"{closed} (mode {mode:04o}) on the way to {path}. Use a folder elsewhere, for example below "
            f"/var/lib or /srv, or run as an ordinary user, or allow passing with: chmod o+x {closed}"
        )


def service_account(name: str | None = None) -> Account | None:
    """The account to run PostgreSQL as: None when we are not root and simply stay who we are.

    Without a name it is `postgres` where that exists (the packaged server's own account), else `nobody`.
    Raises ClusterError when no such account exists or it is root itself.
    """
    if os.geteuid() != 0:
        return None
    for candidate in (name,) if name else PREFERRED:
        try:
            entry = pwd.getpwnam(candidate)
        except KeyError:
            continue
        if entry.pw_uid == 0:
            raise ClusterError(f"PostgreSQL refuses to run as root, and '{candidate}' is root.")
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise ClusterError(f"No account to run PostgreSQL as: looked for {name or ', '.join(PREFERRED)}.")
