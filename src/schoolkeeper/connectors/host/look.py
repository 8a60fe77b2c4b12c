"""Looking at a machine: what its kernel tells every user about load, memory, disks, network and clock.

The numbers are those of the whole machine. In a container the limits of its control group are not applied.
"""

import ctypes
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Self, TypeVar

import psutil

from schoolkeeper.connectors.host.component import HostComponent
from schoolkeeper.kernel.errors import Unreachable
from schoolkeeper.kernel.facts import Facts

SAMPLE_SECONDS = 0.3
MOUNT_TIMEOUT_SECONDS = 1.0

# They hold no data that could fill up, are full by design, or hang when touched (autofs).
PSEUDO_FILESYSTEMS = """
autofs binfmt_misc bpf cgroup cgroup2 configfs cramfs debugfs devpts devtmpfs efivarfs erofs fusectl
fuse.gvfsd-fuse fuse.lxcfs fuse.portal fuse.snapfuse hugetlbfs iso9660 mqueue nsfs proc pstore ramfs
romfs rpc_pipefs securityfs selinuxfs squashfs sysfs tracefs udf
"""
PSEUDO_FOLDERS = ("/proc/", "/sys/", "/run/credentials/", "/run/user/", "/snap/")
PASSING_INTERFACES = ("lo", "veth")  # the loopback, and one end of each container's cable

# linux/timex.h
STA_UNSYNC = 0x0040
TIME_ERROR = 5

T = TypeVar("T")


class Interface(Facts):
    """One network interface: counters since it came up, rates over the sample."""

    volatile: ClassVar[frozenset[str]] = frozenset(
        {"received_bytes_per_second", "sent_bytes_per_second", "packets", "errors", "drops"}
    )
    name: str
    received_bytes_per_second: float
    sent_bytes_per_second: float
    packets: int
    errors: int
    drops: int


class Activity(Facts):
    """What went on during one short sample."""

    volatile: ClassVar[frozenset[str]] = frozenset({"sample_seconds", "cpu_percent"})
    sample_seconds: float
    cpu_percent: float
    interfaces: list[Interface]


class Load(Facts):
    """Average number of tasks that ran or waited, over 1, 5 and 15 minutes."""

    volatile: ClassVar[frozenset[str]] = frozenset({"load_1", "load_5", "load_15"})
    cores: int
    load_1: float
    load_5: float
    load_15: float

    @property
    def per_core(self) -> float:
        """The 5-minute load divided by the number of logical cores."""
        return self.load_5 / max(self.cores, 1)


class Memory(Facts):
    """`available_bytes` is what programs can still get without swapping: free memory and droppable cache."""

    volatile: ClassVar[frozenset[str]] = frozenset({"available_bytes", "swap_used_bytes"})
    total_bytes: int
    available_bytes: int
    swap_total_bytes: int
    swap_used_bytes: int

    @property
    def used_percent(self) -> float:
        return 100 * (1 - self.available_bytes / max(self.total_bytes, 1))

    @property
    def swap_used_percent(self) -> float:
        return 100 * self.swap_used_bytes / self.swap_total_bytes if self.swap_total_bytes else 0.0


class Disk(Facts):
    """One mounted file system. `used_percent` and `free_bytes` are as an ordinary user sees them (like `df`).

    `read_only` means the file system itself, not one mount of it that is read-only on purpose.
    `inodes_used_percent` is None where inodes are not limited. `fault` says why the rest could not be read.
    """

    volatile: ClassVar[frozenset[str]] = frozenset({"free_bytes", "used_percent", "inodes_used_percent"})
    mount: str
    filesystem: str
    read_only: bool = False
    total_bytes: int = 0
    free_bytes: int = 0
    used_percent: float = 0.0
    inodes_used_percent: float | None = None
    fault: str = ""


class Clock(Facts):
    """What the kernel knows of its own clock; `max_error_seconds` is the bound it states for the error."""

    volatile: ClassVar[frozenset[str]] = frozenset({"max_error_seconds"})
    synchronised: bool
    max_error_seconds: float


class KernelState(Facts):
    """Totals since the machine's start; `filesystem_errors` counts by device (ext4 keeps them)."""

    volatile: ClassVar[frozenset[str]] = frozenset({"booted_at", "processes", "open_files", "out_of_memory_kills"})
    booted_at: datetime
    processes: int
    open_files: int
    open_files_limit: int
    out_of_memory_kills: int
    filesystem_errors: dict[str, int]


class HostLook:
    """Reads the kernel's own figures: no root, no program started, at most a short sample of waiting.

    Each method raises Unreachable when its figures cannot be had on this machine.
    """

    def __init__(self, name: str, component: HostComponent) -> None:
        self.name = name
        self._component = component

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def activity(self, seconds: float = SAMPLE_SECONDS) -> Activity:
        """Processor use and network rates over `seconds`."""
        return self._asked(lambda: _activity(seconds))

    def load(self) -> Load:
        load_1, load_5, load_15 = self._asked(psutil.getloadavg)
        return Load(cores=psutil.cpu_count() or 1, load_1=load_1, load_5=load_5, load_15=load_15)

    def memory(self) -> Memory:
        memory, swap = self._asked(lambda: (psutil.virtual_memory(), psutil.swap_memory()))
        return Memory(
            total_bytes=memory.total,
            available_bytes=memory.available,
            swap_total_bytes=swap.total,
            swap_used_bytes=swap.used,
        )

    def disks(self) -> list[Disk]:
        """Every file system that can fill up, once, in order of mount point; a dead one carries its fault."""
        mounts = self._asked(lambda: Path("/proc/self/mountinfo").read_text())
        fstab = self._asked(lambda: Path("/etc/fstab").read_text() if Path("/etc/fstab").exists() else "")
        found = [_disk(mount, read_only_on_purpose(fstab)) for mount in storage_mounts(mounts)]
        return [disk for disk in found if disk is not None]

    def clock(self) -> Clock:
        return self._asked(_clock)

    def kernel_state(self) -> KernelState:
        return self._asked(_kernel_state)

    def _asked(self, question: Callable[[], T]) -> T:
        try:
            return question()
        except (OSError, psutil.Error, ValueError) as error:
            raise Unreachable(self.name, str(error) or type(error).__name__) from error


def _activity(seconds: float) -> Activity:
    started = time.monotonic()
    before = psutil.net_io_counters(pernic=True)
    cpu_percent = psutil.cpu_percent(interval=seconds)
    after = psutil.net_io_counters(pernic=True)
    elapsed = time.monotonic() - started
    up = {name for name, state in psutil.net_if_stats().items() if state.isup}
    interfaces = [
        Interface(
            name=name,
            received_bytes_per_second=(now.bytes_recv - before[name].bytes_recv) / elapsed,
            sent_bytes_per_second=(now.bytes_sent - before[name].bytes_sent) / elapsed,
            packets=now.packets_recv + now.packets_sent,
            errors=now.errin + now.errout,
            drops=now.dropin + now.dropout,
        )
        for name, now in sorted(after.items())
        if name in before and name in up and not name.startswith(PASSING_INTERFACES)
    ]
    return Activity(sample_seconds=elapsed, cpu_percent=cpu_percent, interfaces=interfaces)


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of /proc/self/mountinfo, as far as it concerns us (proc_pid_mountinfo(5))."""

    root: str
    point: str
    filesystem: str
    source: str
    read_only: bool


def storage_mounts(mountinfo: str) -> list[Mount]:
    """The mounts to look at: no pseudo file systems, each device once, by the mount that shows most of it."""
    chosen: dict[str, Mount] = {}
    shown = {mount.point: mount for mount in _mounts(mountinfo)}  # a later mount hides an earlier one
    for mount in sorted(shown.values(), key=lambda mount: (mount.root != "/", len(mount.point), mount.point)):
        overlay_inside = mount.filesystem == "overlay" and mount.point != "/"
        memory = mount.filesystem == "tmpfs"
        if mount.filesystem in PSEUDO_FILESYSTEMS.split() or overlay_inside or (memory and mount.read_only):
            continue
        if not f"{mount.point}/".startswith(PSEUDO_FOLDERS):
            chosen.setdefault(mount.point if memory else mount.source, mount)
    return sorted(chosen.values(), key=lambda mount: mount.point)


def _mounts(mountinfo: str) -> Iterator[Mount]:
    for line in mountinfo.splitlines():
        here, _, there = line.partition(" - ")
        fields, (filesystem, source, options) = here.split(), there.split(" ", 2)
        yield Mount(_plain(fields[3]), _plain(fields[4]), filesystem, source, "ro" in options.split(","))


def _plain(field: str) -> str:
    """The kernel writes blanks in paths as octal codes."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), field)


def read_only_on_purpose(fstab: str) -> frozenset[str]:
    """Mount points that /etc/fstab wants read-only."""
    lines = [line.split() for line in fstab.splitlines() if not line.lstrip().startswith("#")]
    return frozenset(_plain(line[1]) for line in lines if len(line) > 3 and "ro" in line[3].split(","))


def _disk(mount: Mount, on_purpose: frozenset[str]) -> Disk | None:
    """None when it is no folder or has no size. A dead network mount blocks for ever: hence the thread."""
    answers: list[Disk | OSError | None] = []

    def ask() -> None:
        try:
            answers.append(_measured(mount, mount.read_only and mount.point not in on_purpose))
        except OSError as error:
            answers.append(error)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(MOUNT_TIMEOUT_SECONDS)
    answer = answers[0] if answers else OSError(f"no answer within {MOUNT_TIMEOUT_SECONDS:g} s")
    if isinstance(answer, OSError):
        return Disk(mount=mount.point, filesystem=mount.filesystem, fault=answer.strerror or str(answer))
    return answer


def _measured(mount: Mount, read_only: bool) -> Disk | None:
    inodes = os.statvfs(mount.point)
    if not Path(mount.point).is_dir() or inodes.f_blocks == 0:
        return None
    usage = psutil.disk_usage(mount.point)
    inodes_used_percent = 100 * (1 - inodes.f_favail / inodes.f_files) if inodes.f_files else None
    return Disk(
        mount=mount.point,
        filesystem=mount.filesystem,
        read_only=read_only,
        total_bytes=usage.total,
        free_bytes=usage.free,
        used_percent=usage.percent,
        inodes_used_percent=inodes_used_percent,
    )


class _Timex(ctypes.Structure):
    """struct timex up to the fields that we read, then room for the rest (adjtimex(2))."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def _clock() -> Clock:
    """Asking with modes = 0 changes nothing, without privilege. Raises OSError where not allowed."""
    adjtimex = getattr(ctypes.CDLL(None, use_errno=True), "adjtimex", None)
    if adjtimex is None:
        raise OSError("this system has no adjtimex, so the state of its clock is not known")
    state = _Timex(modes=0)
    answer = adjtimex(ctypes.byref(state))
    if answer == -1:
        raise OSError(f"adjtimex: {os.strerror(ctypes.get_errno())}")
    synchronised = answer != TIME_ERROR and not state.status & STA_UNSYNC
    return Clock(synchronised=synchronised, max_error_seconds=state.maxerror / 1e6)


def _kernel_state() -> KernelState:
    allocated, _, limit = Path("/proc/sys/fs/file-nr").read_text().split()
    kills = re.search(r"^oom_kill (\d+)$", Path("/proc/vmstat").read_text(), re.MULTILINE)
    errors = {path.parent.name: int(path.read_text()) for path in Path("/sys/fs/ext4").glob("*/errors_count")}
    return KernelState(
        booted_at=datetime.fromtimestamp(psutil.boot_time(), UTC),
        processes=len(psutil.pids()),
        open_files=int(allocated),
        open_files_limit=int(limit),
        out_of_memory_kills=int(kills[1]) if kills else 0,
        filesystem_errors=dict(sorted(errors.items())),
    )
