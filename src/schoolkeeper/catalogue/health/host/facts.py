"""What `health.host` is asked and what it sees."""

from pydantic import Field

from schoolkeeper.connectors.host.look import Activity, Clock, Disk, KernelState, Load, Memory
from schoolkeeper.kernel.facts import Facts, Options


class HostOptions(Options):
    cpu_warning_percent: float = Field(90, gt=0, le=100, description="Warn from this processor use")
    load_warning_per_core: float = Field(1.5, gt=0, description="Warn from this 5-minute load per core")
    memory_warning_percent: float = Field(85, gt=0, le=100, description="Warn when this much is not available")
    memory_error_percent: float = Field(95, gt=0, le=100, description="Error when this much is not available")
    swap_warning_percent: float = Field(60, gt=0, le=100, description="Warn from this swap use")
    swap_error_percent: float = Field(90, gt=0, le=100, description="Error from this swap use")
    disk_warning_percent: float = Field(85, gt=0, le=100, description="Warn from this disk use")
    disk_error_percent: float = Field(95, gt=0, le=100, description="Error from this disk use")
    inodes_warning_percent: float = Field(85, gt=0, le=100, description="Warn from this use of inodes")
    inodes_error_percent: float = Field(95, gt=0, le=100, description="Error from this use of inodes")
    network_minimum_packets: int = Field(10_000, ge=1, description="Judge an interface from this many packets on")
    network_warning_percent: float = Field(0.1, gt=0, le=100, description="Warn from this share of faulty packets")
    network_error_percent: float = Field(1, gt=0, le=100, description="Error from this share of faulty packets")
    drops_warning_percent: float = Field(1, gt=0, le=100, description="Warn from this share of dropped packets")
    drops_error_percent: float = Field(5, gt=0, le=100, description="Error from this share of dropped packets")
    open_files_warning_percent: float = Field(80, gt=0, le=100, description="Warn from this share of the limit")
    open_files_error_percent: float = Field(95, gt=0, le=100, description="Error from this share of the limit")
    clock: bool = Field(True, description="Judge the clock; no where the kernel does not tell (some containers)")
    clock_warning_seconds: float = Field(1, gt=0, description="Warn when the clock may be wrong by this much")
    clock_error_seconds: float = Field(30, gt=0, description="Error when the clock may be wrong by this much")
    ignored_mounts: list[str] = Field([], description="Mount points (globs) that are not judged, like /media/*")


class Fault(Facts):
    """A part that could not be looked at, and why."""

    part: str
    reason: str


class HostFacts(Facts):
    """Each part is None where it could not be looked at; `faults` then says why."""

    activity: Activity | None = None
    load: Load | None = None
    memory: Memory | None = None
    disks: list[Disk] | None = None
    clock: Clock | None = None
    kernel: KernelState | None = None
    faults: list[Fault] = Field(default_factory=list)
