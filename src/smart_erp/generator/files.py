"""The files of the school: photos as small PNG images, submissions as PDF or text, all deterministic."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Callable

PHOTO_PIXELS = 96
SENTENCES = (
    "The experiment was repeated three times and the mean was taken.",
    "The source is a letter, so the writer's purpose must be kept in mind.",
    "First the known quantities are listed, then the equation is solved.",
    "The graph rises steeply at first and levels off after the sixth day.",
    "Both authors agree on the cause but not on the consequence.",
    "Trade along the river made the town rich and later made it a target.",
    "The result differs from the expected one by less than two per cent.",
    "In the second part the rhythm slows down and the melody returns.",
)


def photo(dice: random.Random) -> bytes:
    """A symmetric pattern of one colour on a light ground, 96 by 96 pixels, as an indexed PNG."""
    cells = [[dice.random() < 0.5 for _ in range(3)] for _ in range(5)]
    cell_pixels = PHOTO_PIXELS // 6
    rows = bytearray()
    for y in range(PHOTO_PIXELS):
        rows.append(0)
        for x in range(PHOTO_PIXELS):
            row, column = (y - cell_pixels // 2) // cell_pixels, (x - cell_pixels // 2) // cell_pixels
            inside = 0 <= row < 5 and 0 <= column < 5
            rows.append(1 if inside and cells[row][min(column, 4 - column)] else 0)
    palette = bytes((236, 240, 238, *(dice.randrange(40, 190) for _ in range(3))))
    header = struct.pack(">IIBBBBB", PHOTO_PIXELS, PHOTO_PIXELS, 8, 3, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"PLTE", palette), (b"IDAT", zlib.compress(bytes(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(kind, data) for kind, data in chunks)


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def essay(title: str, dice: random.Random) -> list[str]:
    return [title, "", *(dice.choice(SENTENCES) for _ in range(dice.randrange(12, 60)))]


def text(lines: list[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def pdf(lines: list[str]) -> bytes:
    """One page of Helvetica: the smallest PDF that readers open without repair."""
    shown = "".join(f"({_pdf_text(line)}) Tj T*\n" for line in lines[:50])
    content = f"BT /F1 11 Tf 15 TL 60 780 Td\n{shown}ET".encode("latin-1")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    document = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(document))
        document += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(document)
    entries = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    document += b"xref\n0 %d\n0000000000 65535 f \n%b" % (len(objects) + 1, entries)
    document += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(document)


def _pdf_text(line: str) -> str:
    return line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


# Extension, content type and writer of the two kinds of submission.
DOCUMENTS: tuple[tuple[str, str, Callable[[list[str]], bytes]], ...] = (
    ("pdf", "application/pdf", pdf),
    ("txt", "text/plain", text),
)
