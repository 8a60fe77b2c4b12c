"""Taking a dump apart: tables can be restored beside under another name, what is code cannot.

Views, triggers, routines and events may name their database, and events would begin to run. So the tables are
loaded first, and the code when they are in their place. (Source: the comments that mariadb-dump writes.)
"""

import re
from collections.abc import Iterable, Iterator
from typing import Literal

Part = Literal["head", "tables", "code", "views", "events"]

_SECTIONS: tuple[tuple[bytes, Part], ...] = (
    (b"-- Table structure for ", "tables"),
    (b"-- Sequence structure for ", "tables"),
    (b"-- Dumping data for ", "tables"),
    (b"-- Temporary table structure for ", "views"),  # stands in for a view until all views are there
    (b"-- Temporary view structure for ", "views"),
    (b"-- Final view structure for ", "views"),
    (b"-- Dumping routines for ", "code"),
    (b"-- Dumping events for ", "events"),
)
# Triggers follow the rows of their table, without a comment of their own.
_TRIGGERS = b"/*!50003 SET @saved_cs_client"
_DELIMITER = re.compile(rb"DELIMITER (\S+)")
_END = b"/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE"


def parts(lines: Iterable[bytes]) -> Iterator[tuple[Part, bytes]]:
    """Each line with what it belongs to; the head and the end of the dump belong to all parts."""
    part: Part = "head"
    ordinary = True
    for line in lines:
        if ordinary:
            part = _part_at(line, part)
        if delimiter := _DELIMITER.match(line):
            ordinary = delimiter[1] == b";"
        yield part, line


def _part_at(line: bytes, part: Part) -> Part:
    """A comment begins a section only between statements: the text of a routine may have any line."""
    if line.startswith(b"-- "):
        return next((found for start, found in _SECTIONS if line.startswith(start)), part)
    if part == "tables" and line.startswith(_TRIGGERS):
        return "code"
    return "head" if line.startswith(_END) else part
