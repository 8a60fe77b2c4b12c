import gzip
import hashlib
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import zstandard

from schoolkeeper.catalogue.logs.errors.facts import ErrorsOptions, LogsFacts, SourceFacts
from schoolkeeper.catalogue.logs.errors.masking import mask
from schoolkeeper.catalogue.logs.errors.task import LogErrors
from schoolkeeper.connectors.logs.component import LogsComponent
from schoolkeeper.connectors.logs.look import LogReading, LogsLook
from schoolkeeper.kernel.errors import Unreachable
from schoolkeeper.profiles.model import LogFormat, Profile
from schoolkeeper.testing import Conformance, Subject
from schoolkeeper.testing.arrange import system_on
from schoolkeeper.testing.conformance import NOON

ACCESS = LogFormat(
    kind="access",
    line=r'\S+ \S+ (?P<user>\S+) \[(?P<time>[^\]]+)\] "(?P<method>[A-Z]+) (?P<path>\S+).*" (?P<status>\d{3}) \S+ '
    r".*?(?P<elapsed_ms>[\d.]+)$",
    time_format="%d/%b/%Y:%H:%M:%S %z",
)
APPLICATION = LogFormat(
    kind="application",
    line=r"(?P<time>\d{4}-\d\d-\d\dT\S+) (?P<level>[A-Z]+) \S+ (?P<message>.*)",
    time_format="iso",
    multiline=True,
)
DATABASE = LogFormat(
    kind="database",
    line=r"(?P<time>[\d-]+ [\d:.]+) \w+ \[\d+\] \S* ?(?P<level>[A-Z]+):  (?P<message>.*)",
    time_format="%Y-%m-%d %H:%M:%S.%f",
    multiline=True,
)
PROFILE = Profile(
    slug="test", title="Test ERP", logs={"access": ACCESS, "application": APPLICATION, "database": DATABASE}
)
TRACEBACK = "Traceback (most recent call last):\n  File \"/srv/erp/fees.py\", line 10\nKeyError: 'Anna Smith'"


def before(hours: float) -> datetime:
    return NOON - timedelta(hours=hours)


def request(at: datetime, path: str = "/courses/7/grades?page=2", status: int = 200, ms: float = 12.5) -> str:
    return f'10.0.0.1 - anna [{at:%d/%b/%Y:%H:%M:%S} +0000] "GET {path} HTTP/1.1" {status} 99 "-" "Agent" {ms}\n'


def message(at: datetime, level: str, text: str) -> str:
    return f"{at.isoformat(timespec='milliseconds')} {level} erp {text}\n"


def pack(path: Path, text: str, written_at: datetime) -> None:
    data = text.encode()
    packed = gzip.compress(data) if path.suffix == ".gz" else zstandard.compress(data)
    path.write_bytes(packed if path.suffix in (".gz", ".zst") else data)
    os.utime(path, (written_at.timestamp(),) * 2)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A week of logs of three kinds, rotated and packed."""
    folder = tmp_path / "logs"
    folder.mkdir()
    for day in range(1, 8):
        text = "".join(request(before(24 * day + hour)) for hour in range(23, 0, -1))
        text += request(before(24 * day + 0.5), "/fees/31", 500)
        pack(folder / f"access.log.{day}{'.gz' if day > 1 else ''}", text, before(24 * day))
    today = "".join(request(before(hour), ms=10 * hour) for hour in range(20, 0, -1))
    (folder / "access.log").write_text(today + request(before(0.5), "/fees/32", 500))
    old = message(before(190), "INFO", "started") + message(before(100), "ERROR", "Payment 17 was refused")
    pack(folder / "application.log-20260301.zst", old, before(30))
    new = message(before(3), "ERROR", "Internal Server Error: /fees/anna.smith") + TRACEBACK + "\n"
    (folder / "application.log").write_text(message(before(5), "ERROR", "Payment 18 was refused") + new)
    (folder / "database.log").write_text(
        "2026-03-01 11:00:00.123 UTC [71] erp@erp LOG:  checkpoint starting\n"
        '2026-03-02 11:00:00.123 UTC [71] erp@erp ERROR:  relation "fees_old" does not exist at character 15\n'
        "2026-03-02 11:00:00.123 UTC [71] erp@erp STATEMENT:  SELECT *\n\tFROM fees_old\n"
    )
    return folder


def subject_on(folder: Path, logs: Path, profile: Profile = PROFILE, **more: Any) -> Subject:
    names = profile.logs
    return Subject(
        task=LogErrors(),
        options=ErrorsOptions(**more),
        home=folder,
        fingerprint=lambda: hashlib.sha256(
            repr(
                [(path.name, path.stat().st_mtime, path.read_bytes()) for path in sorted(logs.iterdir())]
            ).encode()
        ).hexdigest(),
        **system_on(
            folder,
            components={"logs": {"kind": "logs", "sources": {name: logs / f"{name}.log" for name in names}}},
            unreachable={"logs": {"kind": "logs", "sources": {name: logs / f"gone-{name}.log" for name in names}}},
            profile=profile,
        ),
    )


def sources(subject: Subject) -> dict[str, SourceFacts]:
    facts = subject.assess()
    assert isinstance(facts, LogsFacts)
    return {source.name: source for source in facts.sources}


def judged(subject: Subject) -> list[tuple[str, str, str]]:
    findings = subject.task.judge(subject.assess(), subject.options)
    return [(found.code.removeprefix("logs.errors."), found.level.name, found.subject) for found in findings]


class TestConformance(Conformance):
    @pytest.fixture
    def subject(self, logs: Path, tmp_path: Path) -> Subject:
        return subject_on(tmp_path, logs)


def test_a_week_of_rotated_logs(logs: Path, tmp_path: Path) -> None:
    subject = subject_on(tmp_path, logs)
    found = sources(subject)
    access = found["access"]
    assert (access.entries, access.rejected, access.window_entries, access.window_errors) == (
        7 * 24 + 21,
        0,
        21,
        1,
    )
    assert [(pattern.count, pattern.baseline_count) for pattern in access.patterns] == [(1, 7)]
    assert access.latency_p95_ms == pytest.approx(190, rel=0.02)
    new = {pattern.text for pattern in found["application"].patterns if pattern.baseline_count == 0}
    assert new == {"Internal Server Error: /fees/… | KeyError: <text>"}
    assert [pattern.text for pattern in found["database"].patterns] == [
        'relation "fees_old" does not exist at character <n>'
    ]
    assert {code for code, _, _ in judged(subject)} == {"new_pattern"}
    measured = {(number.name, number.subject): number.value for number in subject.task.measure(subject.assess())}
    assert measured["logs.requests_count", "access"] == 21
    assert measured["logs.errors_count", "application"] == 2
    assert measured["logs.error_percent", "access"] == pytest.approx(100 / 21, abs=0.001)


def test_a_finding_keeps_its_identity_from_day_to_day(logs: Path, tmp_path: Path) -> None:
    subject = subject_on(tmp_path, logs)
    first = judged(subject)
    subject.now = NOON + timedelta(minutes=7)
    assert judged(subject) == first


def test_nothing_of_a_pupil_is_copied(logs: Path, tmp_path: Path) -> None:
    with (logs / "application.log").open("a") as log:
        log.write(
            "Anna Smith wrote this without any format\n" + message(before(1), "ERROR", "Mail to anna@school.uz")
        )
    text = subject_on(tmp_path, logs).assess().model_dump_json().lower()
    assert "anna" not in text
    assert "smith" not in text


def test_a_foreign_zone(logs: Path, tmp_path: Path) -> None:
    """PostgreSQL's naive times are those of the system: in Tashkent, 11:00 is 06:00 UTC."""
    subject = subject_on(tmp_path, logs)
    subject.system = subject.system.model_copy(update={"timezone": "Asia/Tashkent"})
    (pattern,) = sources(subject)["database"].patterns
    assert pattern.first_at == datetime(2026, 3, 2, 6, 0, 0, 123000, tzinfo=UTC)


def test_one_missing_source_leaves_the_others_seen(logs: Path, tmp_path: Path) -> None:
    (logs / "database.log").unlink()
    subject = subject_on(tmp_path, logs)
    assert set(sources(subject)) == {"access", "application"}
    assert judged(subject)[0] == ("unknown", "UNKNOWN", "database")


def test_a_damaged_packed_file_is_reported(logs: Path, tmp_path: Path) -> None:
    damaged = logs / "access.log.3.gz"
    status = damaged.stat()
    damaged.write_bytes(damaged.read_bytes()[:60])
    os.utime(damaged, (status.st_atime, status.st_mtime))
    assert ("unknown", "UNKNOWN", "access") in judged(subject_on(tmp_path, logs))


def test_a_format_that_fits_nothing_is_unknown(logs: Path, tmp_path: Path) -> None:
    profile = PROFILE.model_copy(update={"logs": {"access": APPLICATION}})
    assert judged(subject_on(tmp_path, logs, profile)) == [("unknown", "UNKNOWN", "access")]


def test_a_profile_without_logs_is_unreachable_and_not_green(logs: Path, tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="describes no log"):
        subject_on(tmp_path, logs, Profile(slug="bare", title="Bare")).assess()


class TestReading:
    @pytest.fixture
    def read(self, tmp_path: Path) -> Callable[..., LogReading]:
        def read(format: LogFormat, **more: Any) -> LogReading:
            component = LogsComponent(kind="logs", sources={"x": tmp_path / "x.log"})
            with LogsLook("logs", component) as look:
                return look.entries("x", format, before(240), **more)

        return read

    def test_broken_bytes_and_an_unbalanced_quote_lose_no_line(
        self, tmp_path: Path, read: Callable[..., LogReading]
    ) -> None:
        lines = [request(before(hour), status=500).encode() for hour in range(9, 0, -1)]
        lines[2] = lines[2].replace(b"grades", b"gr\xff\xfe\xc3des")
        lines[4] = lines[4].replace(b'"Agent"', b'"Ag"ent')
        lines[6] = lines[6].replace(b"grades", b'gr"des')
        (tmp_path / "x.log").write_bytes(b"".join(lines) + b"no line of this format\n\n")
        reading = read(ACCESS)
        assert len(list(reading)) == reading.entries == 9
        assert (reading.rejected, reading.rejected_example) == (1, "no line of this format")

    def test_only_the_end_of_a_large_log_is_read(self, tmp_path: Path, read: Callable[..., LogReading]) -> None:
        line = request(before(1))
        (tmp_path / "x.log").write_text(line * 1000)
        (tmp_path / "x.log.1").write_text(line * 1000)
        reading = read(ACCESS, limit_bytes=len(line) * 1100 + 10)
        assert sum(1 for _ in reading) == 1100
        assert reading.rejected == 0, "the line that the limit falls into is not held against the format"
        assert reading.cut_bytes == len(line) * 900 - 10

    def test_beyond_the_limit_nothing_older_is_read(self, tmp_path: Path, read: Callable[..., LogReading]) -> None:
        line = request(before(1))
        (tmp_path / "x.log").write_text(line * 10)
        pack(tmp_path / "x.log.1.gz", "".join(request(before(2), f"/{n}") for n in range(999)), before(2))
        pack(tmp_path / "x.log.2", line, before(3))
        reading = read(ACCESS, limit_bytes=len(line) * 12)
        assert sum(1 for _ in reading) == 10
        assert reading.cut_bytes > len(line)

    def test_other_files_in_the_folder_are_left_alone(
        self, tmp_path: Path, read: Callable[..., LogReading]
    ) -> None:
        for name in ("x.log", "x.log.1", "x.log-20260301", "x.log.bak", "x.logic", "ax.log", "x.log.1.gz.tmp"):
            (tmp_path / name).write_text(request(before(1)))
        pack(tmp_path / "x.log.9", request(before(1)), before(300))
        assert sum(1 for _ in read(ACCESS)) == 3

    def test_a_line_without_end_does_not_fill_the_memory(
        self, tmp_path: Path, read: Callable[..., LogReading]
    ) -> None:
        (tmp_path / "x.log").write_bytes(b"x" * 5_000_000 + b"\n" + request(before(1)).encode())
        reading = read(ACCESS)
        assert len(list(reading)) == 1
        assert len(reading.rejected_example) == 1000

    def test_times_are_parsed_alike_with_and_without_the_shortcut(
        self, tmp_path: Path, read: Callable[..., LogReading]
    ) -> None:
        moments = [before(hours / 3600) for hours in range(0, 9000, 61)]
        (tmp_path / "x.log").write_text("".join(request(moment) for moment in moments))
        assert [entry.at for entry in read(ACCESS)] == [moment.timestamp() for moment in moments]

    def test_an_impossible_time_is_rejected(self, tmp_path: Path, read: Callable[..., LogReading]) -> None:
        (tmp_path / "x.log").write_text(request(before(1)).replace("/Mar/", "/Xyz/"))
        reading = read(ACCESS)
        assert list(reading) == []
        assert reading.rejected == 1


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ("Payment 17 of 300.50 was refused", "Payment <n> of <n> was refused"),
        ("Could not write to anna.smith@school.uz", "Could not write to <email>"),
        ("Could not send a letter to Anna Smith", "Could not send a letter to <name>"),
        ("Internal Server Error: /people/anna/grades?term=2", "Internal Server Error: /people/…"),
        ("KeyError: 'Anna'", "KeyError: <text>"),
        ("can't open 'it", "can't open <text>"),
        (
            'duplicate key value violates unique constraint "fee_key"',
            'duplicate key value violates unique constraint "fee_key"',
        ),
        ("Key (email)=(anna@x.uz) already exists.", "Key <values> already exists."),
        ('password authentication failed for user "anna"', "password authentication failed for user <text>"),
        ("login failed for anna.smith from 10.0.0.7", "login failed for <value> from <n>"),
        ("session=abc123 expired", "session=<value> expired"),
        ("job 3f2b8c1e-1111-2222-3333-444455556666 died at 0xdeadbeef", "job <uuid> died at <hex>"),
        ("Не удалось сохранить", "<text> <text> <text>"),
    ],
)
def test_masking(line: str, masked: str) -> None:
    assert mask(line) == masked
