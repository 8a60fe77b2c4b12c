import ctypes
from pathlib import Path
from threading import Event

import psutil
import pytest

from schoolkeeper.catalogue.health import count, duration, size
from schoolkeeper.catalogue.health.host.facts import HostFacts, HostOptions
from schoolkeeper.catalogue.health.host.task import HostHealth
from schoolkeeper.connectors.host import look as host_look
from schoolkeeper.connectors.host.component import HostComponent
from schoolkeeper.connectors.host.look import HostLook, read_only_on_purpose, storage_mounts
from schoolkeeper.kernel.finding import Level
from schoolkeeper.testing import Conformance, Subject
from schoolkeeper.testing.arrange import system_on

LOCAL = {"host": {"kind": "host", "address": "local"}}


def subject_in(tmp_path: Path) -> Subject:
    return Subject(
        task=HostHealth(),
        options=HostOptions(),
        home=tmp_path,
        fingerprint=lambda: str(sorted(tmp_path.rglob("*"))),
        **system_on(tmp_path, components=LOCAL),
    )


class TestConformance(Conformance):
    @pytest.fixture
    def subject(self, tmp_path: Path) -> Subject:
        return subject_in(tmp_path)


@pytest.fixture
def subject(tmp_path: Path) -> Subject:
    return subject_in(tmp_path)


@pytest.fixture
def host() -> HostLook:
    return HostLook("host", HostComponent(kind="host"))


def test_all_parts_are_seen_and_agree_with_the_machine(subject: Subject) -> None:
    facts = subject.assess()
    assert isinstance(facts, HostFacts)
    assert facts.faults == [] or [fault.part for fault in facts.faults] == ["clock"]
    assert facts.memory is not None
    assert facts.memory.total_bytes == psutil.virtual_memory().total
    assert "/" in {disk.mount for disk in facts.disks or []}
    names = {measurement.name for measurement in subject.task.measure(facts)}
    assert {"host.cpu_percent", "host.memory_percent", "host.disk_percent", "host.load_per_core"} <= names


def test_a_full_disk_is_found_on_the_real_machine(subject: Subject) -> None:
    subject.options = HostOptions(disk_warning_percent=0.001, disk_error_percent=100, clock=False)
    facts = subject.assess()
    found = {(finding.code, finding.subject) for finding in subject.task.judge(facts, subject.options)}
    assert ("health.host.disk_space", "/") in found


def test_a_clock_that_is_hidden_is_unknown_not_fine(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: object())
    facts = subject.assess()
    assert isinstance(facts, HostFacts)
    assert facts.clock is None
    unknown = [finding for finding in subject.task.judge(facts, subject.options) if finding.level is Level.UNKNOWN]
    assert [finding.subject for finding in unknown] == ["clock"]
    assert "clock = false" in unknown[0].hint


def test_a_disk_that_does_not_answer_is_a_fault_not_a_wait(
    host: HostLook, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = Event()
    monkeypatch.setattr(host_look, "MOUNT_TIMEOUT_SECONDS", 0.01)
    monkeypatch.setattr(host_look, "_measured", lambda *_: released.wait())
    disks = host.disks()
    released.set()
    assert disks
    assert {disk.fault for disk in disks} == {"no answer within 0.01 s"}


def test_each_storage_is_looked_at_once() -> None:
    mountinfo = r"""22 1 0:21 / /proc rw - proc proc rw
27 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
28 27 254:1 /srv/erp /home/erp\040files rw - ext4 /dev/vda1 rw
29 27 254:2 / /data ro,relatime - xfs /dev/vdb rw,attr2
30 27 254:3 / /archive ro - ext4 /dev/vdc ro,errors=remount-ro
31 27 7:1 / /snap/core/1 ro - squashfs /dev/loop1 ro
32 27 0:40 / /var/lib/docker/overlay2/x/merged rw - overlay overlay rw
33 27 0:41 / /run rw - tmpfs tmpfs rw
34 27 0:42 / /tmp rw - tmpfs tmpfs rw
35 27 0:43 / /sys/fs/cgroup ro - tmpfs tmpfs ro
36 27 0:44 / /srv/share rw - nfs4 server:/share rw
37 27 0:45 / /snap/bar rw - ext4 /dev/loop9 rw"""
    mounts = storage_mounts(mountinfo)
    assert [(mount.point, mount.read_only) for mount in mounts] == [
        ("/", False),
        ("/archive", True),
        ("/data", False),  # only this mount of it is read-only
        ("/run", False),
        ("/srv/share", False),
        ("/tmp", False),
    ]


def test_in_a_container_the_root_layer_is_looked_at() -> None:
    mountinfo = "1 0 0:50 / / rw - overlay overlay rw\n2 1 8:1 /hosts /etc/hosts rw - ext4 /dev/sda1 rw"
    assert [mount.point for mount in storage_mounts(mountinfo)] == ["/", "/etc/hosts"]


def test_fstab_may_want_a_disk_read_only() -> None:
    fstab = r"""# /dev/sda1 /old ext4 ro 0 0
/dev/sdb1 /my\040archive ext4 noatime,ro 0 2
/dev/sda1 / ext4 errors=remount-ro 0 1"""
    assert read_only_on_purpose(fstab) == {"/my archive"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (size(1023), "1023 bytes"),
        (size(1536), "1.5 KiB"),
        (size(5 * 1024**4), "5.0 TiB"),
        (count(1, "session"), "1 session"),
        (count(1200, "session"), "1,200 sessions"),
        (duration(59.4), "59 s"),
        (duration(60), "1 min 0 s"),
        (duration(12_000), "3 h 20 min"),
        (duration(90_000), "1 d 1 h"),
    ],
)
def test_numbers_are_written_for_people(text: str, expected: str) -> None:
    assert text == expected
