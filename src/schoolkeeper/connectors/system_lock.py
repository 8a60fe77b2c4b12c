"""Who is changing a system from this machine: one file per system in Schoolkeeper's home, locked while it is so.

The operating system lets the lock go with the process that holds it, also after kill -9. What stays in the file
says who that was and who changed something last: whoever comes next knows what was broken off or done meanwhile.
"""

import fcntl
import json
import os
import socket
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from schoolkeeper.kernel.errors import Refused

FOLDER = "locks"
# Held together by all who write into Schoolkeeper's own database, and alone by whoever replaces that. No system
# has this name: a slug has no dot.
OWN_RECORDS = ".own-records"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock, or held it last. `key` stays the same when a run or a rescue is gone on with.

    `ended_at` is "" while it goes on, and when it was broken off. `changed_by`, `changed_key` and `changed_at`
    tell who changed something last, which may have been somebody before.
    """

    key: str
    who: str
    host: str
    pid: int
    since: str
    ended_at: str = ""
    changed_by: str = ""
    changed_key: str = ""
    changed_at: str = ""

    def __str__(self) -> str:
        since = datetime.fromisoformat(self.since)
        return f"{self.who} (process {self.pid} on {self.host}, since {since:%Y-%m-%d %H:%M:%S} UTC)"

    @property
    def was_broken_off(self) -> bool:
        """Asked once its process holds the lock no more: whether it had changed something and did not end."""
        return not self.ended_at and self.changed_key == self.key

    @property
    def last_change(self) -> str:
        """Tells one change from another, also where a clock was set back between them."""
        return f"{self.changed_key} {self.changed_at}".strip()

    def has_changed_since(self, at: datetime, but: str) -> bool:
        """Whether somebody else than `but` changed something after that time."""
        return self.changed_key not in ("", but) and datetime.fromisoformat(self.changed_at) > at


class SystemLock:
    """The lock of one system. `before` is who held it last, known once it is taken.

    Several may hold it together if all of them say `shared`; then nobody is noted.
    """

    def __init__(self, home: Path, system: str, *, shared: bool = False) -> None:
        self.path = home / FOLDER / f"{system}.lock"
        self.before: Holder | None = None
        self._shared = shared
        self._descriptor = -1
        self._holder: Holder | None = None

    def take(self, key: str, who: str) -> Self:
        """Hold it from now on. Raises Refused, naming who does, when somebody else does, or why nobody can."""
        try:
            descriptor = _opened(self.path)
        except OSError as error:
            raise Refused(f"{self.path} cannot be locked: {error.strerror}.") from error
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if self._shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            says = self._taken(_read(descriptor))
            os.close(descriptor)
            raise Refused(says) from None
        self._descriptor, self.before = descriptor, _read(descriptor)
        if not self._shared:
            own = Holder(key, who, socket.gethostname(), os.getpid(), _now())
            if was := self.before:
                own = replace(
                    own, changed_by=was.changed_by, changed_key=was.changed_key, changed_at=was.changed_at
                )
            self._note(own)
        return self

    def note_change(self) -> None:
        """Note that the holder is about to change something."""
        if own := self._holder:
            self._note(replace(own, changed_by=own.who, changed_key=own.key, changed_at=_now()))

    def release(self) -> None:
        """Let it go, and note that this was its end; does nothing when it is not held."""
        if self._descriptor < 0:
            return
        if self._holder is not None:
            self._note(replace(self._holder, ended_at=_now()))
        # Closing alone is not enough: a program that another thread is just starting still has our descriptor.
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        os.close(self._descriptor)
        self._descriptor = -1

    def _note(self, holder: Holder) -> None:
        self._holder = holder
        _write(self._descriptor, holder)

    def _taken(self, holder: Holder | None) -> str:
        by = holder if holder and not holder.ended_at else "somebody else on this machine"
        name = self.path.name.removesuffix(".lock")
        if name != OWN_RECORDS:
            return f"{name} is being changed by {by}: wait until that has ended."
        if self._shared:
            return f"Schoolkeeper's own database is being replaced by {by}: wait until that has ended."
        return "Runs are changing systems at this moment, and their records would go: stop Schoolkeeper first."


def _opened(path: Path) -> int:
    """The file belongs to whoever the home belongs to, also where a rescue is root: the worker comes later."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    if os.geteuid() == 0:
        home = path.parent.parent.stat()
        os.chown(path.parent, home.st_uid, home.st_gid, follow_symlinks=False)
        os.fchown(descriptor, home.st_uid, home.st_gid)
    return descriptor


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _read(descriptor: int) -> Holder | None:
    with suppress(ValueError, TypeError):  # empty, or torn by a power cut: nobody knows
        return Holder(**json.loads(os.pread(descriptor, 65536, 0)))
    return None


def _write(descriptor: int, holder: Holder) -> None:
    text = json.dumps(asdict(holder)).encode()
    with suppress(OSError):  # the lock holds without its note, and a full disk must not keep it for ever
        os.pwrite(descriptor, text, 0)
        os.ftruncate(descriptor, len(text))
        os.fsync(descriptor)
