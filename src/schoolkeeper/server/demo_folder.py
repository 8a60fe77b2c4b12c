"""The folder of a demonstration: where it is, who uses it now, and how it is cleared away."""

import fcntl
import hashlib
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

import pyrage  # type: ignore[import-untyped]

from schoolkeeper.connectors.postgres.account import service_account
from schoolkeeper.connectors.postgres.cluster_files import write_whole
from schoolkeeper.kernel.errors import Permanent, Refused

MARKER = ".schoolkeeper-demo"
ELSEWHERE = Path("/var/lib/schoolkeeper")


@dataclass(frozen=True, slots=True)
class DemoFolder:
    """Paths below the folder. Everything of the demonstration is in it."""

    root: Path

    @property
    def keeper_home(self) -> Path:
        """SCHOOLKEEPER_HOME."""
        return self.root / "schoolkeeper"

    @property
    def erp_home(self) -> Path:
        """SMART_ERP_HOME."""
        return self.root / "erp"

    @property
    def erp_postgres(self) -> Path:
        return self.root / "erp-postgres"

    @property
    def backups(self) -> Path:
        return self.root / "backups"

    @property
    def second_store(self) -> Path:
        """Stands for the store in another building."""
        return self.root / "another-building"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    @property
    def definition(self) -> Path:
        return self.root / "north-college.toml"

    def prepare(self) -> None:
        """Make what is missing of the folder."""
        for folder in (self.root, self.keeper_home, self.erp_home, self.backups, self.second_store):
            folder.mkdir(parents=True, exist_ok=True)
        if service_account() is not None:
            self.root.chmod(0o711)  # the database server's own account must get through, and only through
            self.keeper_home.chmod(0o711)
        self.secrets.mkdir(exist_ok=True, mode=0o700)
        self.backups.chmod(0o700)
        self.second_store.chmod(0o700)
        (self.root / MARKER).touch()

    def secret(self, name: str, value: str | None = None) -> str:
        """A secret kept in the folder, readable by us alone; `value` replaces it, else it is made at first use."""
        path = self.secrets / name
        if value is not None or not path.exists():
            write_whole(path, f"{value or secrets.token_urlsafe(12)}\n")
        return path.read_text(encoding="utf-8").strip()

    def reference(self, name: str) -> str:
        """How a system definition names that secret."""
        return f"file:{self.secrets / name}"

    def age_recipient(self) -> str:
        """The public key that backup sets are encrypted to; the pair is made at first use."""
        path = self.secrets / "backup-key"
        if not path.exists():
            write_whole(path, f"{pyrage.x25519.Identity.generate()}\n")
        return str(pyrage.x25519.Identity.from_str(path.read_text().strip()).to_public())

    def hold(self) -> int:
        """Keep others from using the folder at the same time. Raises Refused when somebody does."""
        descriptor = os.open(self.root / MARKER, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise Refused(f"A demonstration runs in {self.root} already; stop it with Ctrl-C there.") from None
        return descriptor


def choose(wanted: Path) -> DemoFolder:
    """The folder to use for `wanted`: itself, unless the account that PostgreSQL runs as cannot get there.

    Only root meets that case (PostgreSQL refuses to run as root); the folder is then below /var/lib.
    """
    root = wanted.absolute()
    if root.exists() and any(root.iterdir()) and not (root / MARKER).exists():
        raise Refused(f"{root} is not a folder of a demonstration and not empty; name another with --folder.")
    account = service_account()
    if account is not None and account.barrier(_existing(root)) is not None:
        name = hashlib.sha256(str(root).encode()).hexdigest()[:8]
        return DemoFolder(ELSEWHERE / f"demo-{name}")
    return DemoFolder(root.resolve())


def clear(folder: DemoFolder) -> None:
    """Delete a demonstration's folder. Raises Refused while it is in use, Permanent when it cannot be deleted."""
    if not (folder.root / MARKER).exists():
        return
    descriptor = folder.hold()
    try:
        shutil.rmtree(folder.root)
    except OSError as error:
        raise Permanent(f"{folder.root} cannot be deleted: {error}") from error
    finally:
        os.close(descriptor)


def _existing(path: Path) -> Path:
    return next(step for step in (path, *path.parents) if step.exists())
