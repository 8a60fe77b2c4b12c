"""The files: what they say, that they say it in every script, and that nobody's name becomes their language."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import pytest
from django.db import connection
from pypdf import PdfReader

from schoolkeeper.kernel.finding import Level
from schoolkeeper.ledger import export, head
from schoolkeeper.ledger.verify import verify
from schoolkeeper.records import ledger
from schoolkeeper.reporting.glyphs import printable, visible
from schoolkeeper.reporting.status import write_status_report

NOW = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)
SCRIPTS = "Oʻzbekiston gʻishti — Тошкент, Ελλάδα, Đặng, Łódź"
HOSTILE = '</svg><script>alert(1)</script> #panic("x") $x$ *b* \\u{1} {{ 7 }} {% x %} "\'& ]]>'


def pdf_text(path: Path) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(path).pages).split())


class Page(HTMLParser):
    """The text of a page, the names of its elements, and every address it would load."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.words: list[str] = []
        self.elements: set[str] = set()
        self.addresses: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def test_names_and_place_of_the_files(school, folder: Path) -> None:
    written = write_status_report(school.slug, "week", folder, NOW)
    assert [path.name for path in written] == [
        "status-north-college-2026-11-17--2026-11-23.pdf",
        "status-north-college-2026-11-17--2026-11-23.html",
    ]
    assert all(path.parent == folder and path.stat().st_size for path in written)


def test_an_empty_week_says_that_nothing_was_looked_at(school, folder: Path) -> None:
    pdf, html = write_status_report(school.slug, "week", folder, NOW)
    for text in (pdf_text(pdf), Page(html).text):
        assert "Nothing has been looked at yet, so nothing is known." in text
        assert "The daily programme was not run on 17 – 22 Nov 2026." in text
        assert "No backup set has been proven by a restore." in text
        assert "Nothing was measured in this period." in text
        assert "complain" not in text


def test_a_month_of_eight_tasks_a_day(school, folder: Path) -> None:
    school.busy(30)
    pdf, html = write_status_report(school.slug, "month", folder, NOW)
    for text in (pdf_text(pdf), Page(html).text):
        assert "232 runs" in text
        assert "The daily programme was not run on 19 – 20 Nov 2026." in text
        assert "All times: Asia/Tashkent, UTC+05:00." in text
        for title in ("Response time", "Processor use", "Memory use", "Disk use", "Database connections"):
            assert title in text
    assert 3 <= len(PdfReader(pdf).pages) <= 8


def test_same_records_and_time_give_the_same_bytes(school, folder: Path) -> None:
    school.busy(8)
    first = [path.read_bytes() for path in write_status_report(school.slug, "week", folder / "1", NOW)]
    second = [path.read_bytes() for path in write_status_report(school.slug, "week", folder / "2", NOW)]
    assert first == second


def test_every_script_of_the_font_is_shown(take_into_care: Callable, folder: Path) -> None:
    school = take_into_care("tashkent", name=SCRIPTS)
    school.measure("web.latency_ms", NOW, 12, SCRIPTS)
    pdf, html = write_status_report(school.slug, "day", folder, NOW)
    assert SCRIPTS in pdf_text(pdf)
    assert SCRIPTS in Page(html).text


def test_what_the_font_lacks_is_written_out(take_into_care: Callable, folder: Path) -> None:
    school = take_into_care("alzahra", name="مدرسة 学校 🙂")
    school.measure("web.latency_ms", NOW, 12, "学校")
    school.measure("web.latency_ms", NOW, 12, "学校2")
    pdf, html = write_status_report(school.slug, "day", folder, NOW)
    assert "[U+0645][U+062F]" in pdf_text(pdf)
    assert "[U+5B66][U+6821]" in pdf_text(pdf)
    assert "مدرسة 学校 🙂" in Page(html).text


def test_hostile_text_stays_text(take_into_care: Callable, folder: Path) -> None:
    school = take_into_care("hostile", name=HOSTILE, institution=HOSTILE)
    run = school.run("health.web", NOW - timedelta(hours=1), "failed", HOSTILE, requested_by=HOSTILE)
    school.run("health.web", NOW - timedelta(hours=1), "", state="waiting", requested_by=HOSTILE)
    school.finding(run, "health.web.slow", Level.ERROR, HOSTILE, NOW, subject=HOSTILE, hint=HOSTILE)
    school.silence(
        "health.web.down", NOW + timedelta(days=1), NOW, reason=HOSTILE, made_by=HOSTILE, subject=HOSTILE
    )
    school.evidence(run, "backup-set", HOSTILE, NOW)
    for subject in (HOSTILE, f"{HOSTILE}2"):
        school.measure("web.latency_ms", NOW, 5, subject)
    pdf, html = write_status_report(school.slug, "week", folder, NOW)
    page = Page(html)
    assert "script" not in page.elements
    assert HOSTILE in page.text
    assert HOSTILE.replace(" ", "") in pdf_text(pdf).replace(" ", "")


def test_marks_that_turn_text_round_are_made_visible() -> None:
    assert visible("a\u202egpj.exe") == "a[U+202E]gpj.exe"
    assert printable("≤ 5\x07\t→ да") == "<= 5[U+0007] -> да"


def test_the_page_loads_nothing(school, folder: Path) -> None:
    school.busy(3)
    _, html = write_status_report(school.slug, "week", folder, NOW)
    page = Page(html)
    assert page.addresses == []
    assert {"link", "script", "iframe", "img", "object"} & page.elements == set()
    assert "@import" not in html.read_text()


def test_the_pdf_is_archivable_tagged_and_dated(school, folder: Path) -> None:
    school.busy(3)
    pdf, _ = write_status_report(school.slug, "day", folder, NOW)
    reader = PdfReader(pdf)
    assert reader.metadata is not None
    assert reader.metadata.title == "North College ERP, Daily status report: 23 Nov 2026"
    assert reader.metadata.creation_date == NOW
    xmp = pdf.read_bytes()
    assert b"<pdfaid:part>3</pdfaid:part>" in xmp
    assert b"<pdfuaid:part>1</pdfuaid:part>" in xmp
    fonts = {
        str(font.get_object()["/BaseFont"])
        for page in reader.pages
        for font in page["/Resources"].get_object()["/Font"].get_object().values()
    }
    assert fonts
    assert all("NotoSans" in font for font in fonts)


def test_both_files_carry_the_signed_head(school, folder: Path) -> None:
    pdf, html = write_status_report(school.slug, "day", folder, NOW)
    (attached,) = PdfReader(pdf).attachments["head.jsonl"]
    signed = head.parse(json.loads(attached))
    assert signed.line() == attached
    assert signed.at == NOW
    for text in (pdf_text(pdf), Page(html).text):
        assert signed.digest in text
        assert signed.key_id in text
        assert "schoolkeeper ledger verify --anchor head.jsonl" in text
    assert attached.decode().strip() in Page(html).text


def test_a_report_is_an_anchor_for_the_ledger(school, folder: Path, settings) -> None:
    ledger.append("run.ended", actor="tests", at=NOW - timedelta(hours=2))
    pdf, _ = write_status_report(school.slug, "day", folder, NOW)
    (attached,) = PdfReader(pdf).attachments["head.jsonl"]
    anchors = export.read_heads(BytesIO(attached))
    ledger.append("run.ended", actor="tests", at=NOW + timedelta(hours=2))
    stream = BytesIO()
    ledger.write_export(settings.SCHOOLKEEPER_HOME, settings.SCHOOLKEEPER_INSTANCE, stream)
    lines = stream.getvalue().splitlines(keepends=True)
    kept = verify(lines, anchors=anchors)
    assert (kept.faults, kept.anchors_met) == ((), 1)
    older = verify([*lines[:2], lines[-1]], anchors=anchors)
    assert any("anchor" in fault.message for fault in older.faults)


def test_decisions_are_named(school, folder: Path) -> None:
    school.run("database.reindex", NOW - timedelta(hours=1), "", state="waiting", requested_by="Otabek")
    school.silence("health.host.swap", NOW + timedelta(days=2), NOW - timedelta(days=1))
    pdf, _ = write_status_report(school.slug, "week", folder, NOW)
    text = pdf_text(pdf)
    assert "“database.reindex”: Otabek asked on 23 Nov 2026, 08:30." in text
    assert "is silenced only until 25 Nov 2026, 09:30" in text
    assert "Decide how to get a proven backup" in text


def test_the_hour_that_comes_twice_is_named(take_into_care: Callable, folder: Path) -> None:
    school = take_into_care("berlin", timezone="Europe/Berlin")
    for hour in (0, 1):
        at = datetime(2026, 10, 25, hour, 30, tzinfo=UTC)
        school.run("health.web", at, "failed", f"the {hour}. time", seconds=0)
    pdf, _ = write_status_report(school.slug, "day", folder, datetime(2026, 10, 25, 9, 0, tzinfo=UTC))
    assert "02:30 (CEST)" in pdf_text(pdf)
    assert "02:30 (CET)" in pdf_text(pdf)


def test_a_million_measurements(school, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Half of them of this week and half of the week before; how long it takes is printed, not judged."""
    query = """
        INSERT INTO records_measurementrecord (system, name, subject, at, value, run_id)
        SELECT %s, names[1 + n %% 5], '', %s::timestamptz - n * interval '1.2 seconds', 50 + 40 * sin(n), 1
          FROM generate_series(0, 999999) AS n,
               (VALUES (ARRAY['web.latency_ms', 'host.cpu_percent', 'host.memory_percent', 'host.disk_percent',
                              'database.connections_count'])) AS known (names)"""
    with connection.cursor() as cursor:
        cursor.execute(query, [school.slug, NOW])
        cursor.execute("ANALYZE records_measurementrecord")
    seconds = []
    for _ in range(2):
        began = time.monotonic()
        pdf, _ = write_status_report(school.slug, "week", folder, NOW)
        seconds.append(time.monotonic() - began)
    with capsys.disabled():
        print(f"\nweekly report from 1,000,000 measurements: {seconds[0]:.2f} s, again {seconds[1]:.2f} s")
    assert "Response time (ms)" in pdf_text(pdf)
