"""The decisions of `health.host`: facts and thresholds in, verdicts out."""

from collections.abc import Iterator
from fnmatch import fnmatch

from schoolkeeper.catalogue.health import Verdict, count, level_from, size
from schoolkeeper.catalogue.health.host.facts import Fault, HostFacts, HostOptions
from schoolkeeper.connectors.host.look import Activity, Clock, Disk, Interface, KernelState, Load, Memory
from schoolkeeper.kernel.finding import Level


def verdicts(facts: HostFacts, options: HostOptions) -> Iterator[Verdict]:
    """Everything worth saying, part by part in a fixed order."""
    for fault in facts.faults:
        yield _unknown(fault)
    if facts.activity:
        yield from cpu(facts.activity, facts.load, options)
    if facts.load:
        yield from load(facts.load, options)
    if facts.memory:
        yield from memory(facts.memory, options)
    for disk in facts.disks or ():
        if not any(fnmatch(disk.mount, pattern) for pattern in options.ignored_mounts):
            yield from storage(disk, options)
    for interface in facts.activity.interfaces if facts.activity else ():
        yield from network(interface, options)
    if facts.clock and options.clock:
        yield from clock(facts.clock, options)
    if facts.kernel:
        yield from system_errors(facts.kernel, options)


def _unknown(fault: Fault) -> Verdict:
    hint = "Look at the reason; as long as it stands, nobody knows whether this part is well."
    if fault.part == "clock":
        hint = "If this kernel cannot tell (some containers), switch it off with the option clock = false."
    says = f"The {fault.part} could not be looked at: {fault.reason}."
    return Verdict(suffix="unknown", level=Level.UNKNOWN, subject=fault.part, says=says, hint=hint)


def cpu(activity: Activity, load: Load | None, options: HostOptions) -> Iterator[Verdict]:
    """A sample is short: it counts only when the 5-minute load says that work is waiting as well.

    Busy processors are never an error by themselves: whether users feel them is what `health.web` measures.
    """
    if activity.cpu_percent < options.cpu_warning_percent:
        return
    passing = load is not None and load.per_core < 1
    remark = "; the 5-minute load is low, so this is a passing peak" if passing else ""
    yield Verdict(
        suffix="cpu",
        level=Level.INFO if passing else Level.WARNING,
        says=f"The processors were {activity.cpu_percent:.0f} % busy in a sample of "
        f"{activity.sample_seconds:.1f} s{remark}.",
        hint="See which program uses them (top, sorted by %CPU).",
        data={"cpu_percent": activity.cpu_percent},
    )


def load(load: Load, options: HostOptions) -> Iterator[Verdict]:
    if load.per_core >= options.load_warning_per_core:
        yield Verdict(
            suffix="load",
            level=Level.WARNING,
            says=f"On average {load.load_5:.1f} programs ran or waited in the last 5 minutes on "
            f"{count(load.cores, 'core')}: {load.per_core:.1f} per core.",
            hint="With idle processors they wait for a disk: look at iostat or /proc/pressure/io.",
            data={"load_per_core": load.per_core},
        )


def memory(memory: Memory, options: HostOptions) -> Iterator[Verdict]:
    if level := level_from(memory.used_percent, options.memory_warning_percent, options.memory_error_percent):
        yield Verdict(
            suffix="memory",
            level=level,
            says=f"{size(memory.available_bytes)} of {size(memory.total_bytes)} memory are left "
            f"({memory.used_percent:.1f} % in use).",
            hint="See which program grew (top, sorted by %MEM); restart it in a window, or add memory.",
            data={"available_bytes": memory.available_bytes},
        )
    if level := level_from(memory.swap_used_percent, options.swap_warning_percent, options.swap_error_percent):
        yield Verdict(
            suffix="swap",
            level=level,
            says=f"{size(memory.swap_used_bytes)} of {size(memory.swap_total_bytes)} swap are in use "
            f"({memory.swap_used_percent:.0f} %).",
            hint="Memory was short at some time: see what was pushed out (VmSwap in /proc/*/status).",
            data={"swap_used_bytes": memory.swap_used_bytes},
        )


def storage(disk: Disk, options: HostOptions) -> Iterator[Verdict]:
    if disk.fault:
        says = f"The file system at {disk.mount} ({disk.filesystem}) could not be looked at: {disk.fault}."
        hint = "If it is a network share, see whether its server answers; leave it out with ignored_mounts."
        yield Verdict(suffix="unknown", level=Level.UNKNOWN, subject=disk.mount, says=says, hint=hint)
        return
    if disk.read_only:
        yield Verdict(
            suffix="read_only_disk",
            level=Level.ERROR,
            subject=disk.mount,
            says=f"The file system at {disk.mount} is read-only, which /etc/fstab does not ask for: "
            "nothing can be saved there.",
            hint="The kernel does this after a disk error: read the kernel's log (dmesg) before any repair.",
        )
    if level := level_from(disk.used_percent, options.disk_warning_percent, options.disk_error_percent):
        yield Verdict(
            suffix="disk_space",
            level=level,
            subject=disk.mount,
            says=f"{disk.mount} is {disk.used_percent:.1f} % full: {size(disk.free_bytes)} of "
            f"{size(disk.total_bytes)} are free.",
            hint=f"Find what is large (du -xh {disk.mount} | sort -h | tail), or run storage.cleanup.",
            data={"free_bytes": disk.free_bytes, "used_percent": disk.used_percent},
        )
    inodes = disk.inodes_used_percent or 0.0
    if level := level_from(inodes, options.inodes_warning_percent, options.inodes_error_percent):
        yield Verdict(
            suffix="inodes",
            level=level,
            subject=disk.mount,
            says=f"{inodes:.1f} % of the inodes at {disk.mount} are in use; without one no file can be made, "
            f"although {size(disk.free_bytes)} are free.",
            hint=f"Find the folder with very many files (du --inodes -x {disk.mount} | sort -n | tail).",
            data={"inodes_used_percent": inodes},
        )


def network(interface: Interface, options: HostOptions) -> Iterator[Verdict]:
    """Shares of all packets since the interface came up: a sample is too short to meet rare faults."""
    if interface.packets < options.network_minimum_packets:
        return
    faulty = 100 * interface.errors / interface.packets
    if level := level_from(faulty, options.network_warning_percent, options.network_error_percent):
        yield Verdict(
            suffix="network_errors",
            level=level,
            subject=interface.name,
            says=f"{interface.errors:,} of {interface.packets:,} packets on {interface.name} were faulty "
            f"({faulty:.2f} %) since it came up.",
            hint="Check cable, port and duplex (ethtool); the counters start again with the interface.",
            data={"errors": interface.errors, "packets": interface.packets},
        )
    dropped = 100 * interface.drops / interface.packets
    if level := level_from(dropped, options.drops_warning_percent, options.drops_error_percent):
        yield Verdict(
            suffix="network_drops",
            level=level,
            subject=interface.name,
            says=f"{interface.drops:,} packets were dropped on {interface.name} beside {interface.packets:,} "
            f"({dropped:.2f} %) since it came up.",
            hint="Often unknown protocols, else full buffers: compare `ip -s -s link` now and in a minute.",
            data={"drops": interface.drops, "packets": interface.packets},
        )


def clock(clock: Clock, options: HostOptions) -> Iterator[Verdict]:
    """Without synchronisation the error is unbounded, but nobody knows that it is large: a warning."""
    if not clock.synchronised:
        yield Verdict(
            suffix="clock",
            level=Level.WARNING,
            says="Nothing keeps the clock right: the kernel reports that it is not synchronised.",
            hint="Start a time service (timedatectl set-ntp true); one-time codes fail from 30 s on.",
        )
    elif level := level_from(clock.max_error_seconds, options.clock_warning_seconds, options.clock_error_seconds):
        yield Verdict(
            suffix="clock",
            level=level,
            says=f"The clock may be wrong by up to {clock.max_error_seconds:.1f} s, says the kernel.",
            hint="See whether the time service reaches its servers (timedatectl timesync-status).",
            data={"max_error_seconds": clock.max_error_seconds},
        )


def system_errors(kernel: KernelState, options: HostOptions) -> Iterator[Verdict]:
    """What the kernel itself has counted as gone wrong."""
    for device, errors in kernel.filesystem_errors.items():
        if errors:
            yield Verdict(
                suffix="filesystem_errors",
                level=Level.ERROR,
                subject=device,
                says=f"The file system on {device} has recorded {count(errors, 'error')} since its last check.",
                hint="Make sure that a proven backup exists, read dmesg, then check it unmounted (e2fsck).",
                data={"errors": errors},
            )
    if kernel.out_of_memory_kills:
        yield Verdict(
            suffix="out_of_memory",
            level=Level.WARNING,
            says=f"The kernel has ended {count(kernel.out_of_memory_kills, 'program')} because memory ran out, "
            f"since the start on {kernel.booted_at:%Y-%m-%d %H:%M} UTC.",
            hint="See which (journalctl -k | grep 'Out of memory'); a restart begins the count anew.",
            data={"kills": kernel.out_of_memory_kills},
        )
    used_percent = 100 * kernel.open_files / max(kernel.open_files_limit, 1)
    if level := level_from(used_percent, options.open_files_warning_percent, options.open_files_error_percent):
        yield Verdict(
            suffix="open_files",
            level=level,
            says=f"{kernel.open_files:,} files are open, {used_percent:.0f} % of the system's limit of "
            f"{kernel.open_files_limit:,}.",
            hint="Find the program that leaks them (lsof), or raise fs.file-max.",
            data={"open_files": kernel.open_files},
        )
