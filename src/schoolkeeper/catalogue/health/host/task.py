"""Look at the machine: processors, memory, disks, network, clock, and errors that its kernel has counted."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from schoolkeeper.catalogue.health.host.facts import Fault, HostFacts, HostOptions
from schoolkeeper.catalogue.health.host.judging import verdicts
from schoolkeeper.catalogue.task import SystemTask
from schoolkeeper.connectors.look import Look
from schoolkeeper.kernel.errors import Unreachable
from schoolkeeper.kernel.finding import Finding
from schoolkeeper.kernel.measurement import Measurement
from schoolkeeper.kernel.spec import Cadence, Kind, Risk, Spec, Undo

T = TypeVar("T")


class HostHealth(SystemTask[HostOptions, HostFacts]):
    spec = Spec(
        id="health.host",
        version=1,
        title="Check the host",
        summary="Looks at processors, memory, disks, network, clock and errors that the kernel counted.",
        kind=Kind.PREVENTIVE,
        risk=Risk.READ_ONLY,
        undo=Undo.NOTHING_WRITTEN,
        reads=frozenset({"host"}),
        cadence=Cadence.DAILY,
        requirements=frozenset({"M025", "M026", "M031", "M081", "M082", "M083", "M084", "M085"}),
        findings={
            "cpu": "The processors are busy",
            "load": "More programs want to run than can",
            "memory": "Memory is short",
            "swap": "Much swap is in use",
            "disk_space": "A disk is nearly full",
            "inodes": "A disk can take few further files",
            "read_only_disk": "A disk has become read-only",
            "network_errors": "A network interface has faulty packets",
            "network_drops": "A network interface drops packets",
            "clock": "The clock is not kept right",
            "filesystem_errors": "A file system has recorded errors",
            "out_of_memory": "Programs were ended because memory ran out",
            "open_files": "The limit of open files is near",
        },
        home=Path(__file__).parent,
    )
    options = HostOptions
    facts = HostFacts

    def assess(self, look: Look, options: HostOptions) -> HostFacts:
        host = look.host()
        faults: list[Fault] = []

        def part(name: str, ask: Callable[[], T]) -> T | None:
            try:
                return ask()
            except Unreachable as unreachable:
                faults.append(Fault(part=name, reason=unreachable.reason))
                return None

        facts = HostFacts(
            activity=part("activity", host.activity),
            load=part("load", host.load),
            memory=part("memory", host.memory),
            disks=part("disks", host.disks),
            clock=part("clock", host.clock) if options.clock else None,
            kernel=part("kernel", host.kernel_state),
            faults=faults,
        )
        if facts.model_dump(exclude={"faults"}, exclude_none=True) == {}:
            raise Unreachable(host.name, "; ".join(f"{fault.part}: {fault.reason}" for fault in faults))
        return facts

    def judge(self, facts: HostFacts, options: HostOptions) -> Sequence[Finding]:
        return [
            self.finding(said.suffix, said.level, said.says, subject=said.subject, hint=said.hint, data=said.data)
            for said in verdicts(facts, options)
        ]

    def measure(self, facts: HostFacts) -> Sequence[Measurement]:
        return list(_measurements(facts))


def _measurements(facts: HostFacts) -> Iterator[Measurement]:
    if facts.activity:
        yield Measurement("host.cpu_percent", facts.activity.cpu_percent)
        for interface in facts.activity.interfaces:
            yield Measurement(
                "host.network_received_bytes_per_second", interface.received_bytes_per_second, interface.name
            )
            yield Measurement(
                "host.network_sent_bytes_per_second", interface.sent_bytes_per_second, interface.name
            )
            yield Measurement("host.network_errors_count", interface.errors, interface.name)
            yield Measurement("host.network_drops_count", interface.drops, interface.name)
    if facts.load:
        yield Measurement("host.load_per_core", facts.load.per_core)
    if facts.memory:
        yield Measurement("host.memory_percent", facts.memory.used_percent)
        yield Measurement("host.memory_available_bytes", facts.memory.available_bytes)
        yield Measurement("host.swap_percent", facts.memory.swap_used_percent)
    for disk in facts.disks or ():
        if not disk.fault:
            yield Measurement("host.disk_percent", disk.used_percent, disk.mount)
            yield Measurement("host.disk_free_bytes", disk.free_bytes, disk.mount)
            if disk.inodes_used_percent is not None:
                yield Measurement("host.inodes_percent", disk.inodes_used_percent, disk.mount)
    if facts.kernel:
        yield Measurement("host.processes_count", facts.kernel.processes)
        yield Measurement("host.open_files_count", facts.kernel.open_files)
