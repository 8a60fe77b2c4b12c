"""How big a school to invent."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    students: int
    photos: int
    submissions: int
    expired_sessions: int
    stale_files: int


SIZES = {
    "small": Size(students=300, photos=120, submissions=400, expired_sessions=150, stale_files=20),
    "medium": Size(students=3_000, photos=600, submissions=1_500, expired_sessions=1_500, stale_files=60),
    "large": Size(students=30_000, photos=3_000, submissions=5_000, expired_sessions=15_000, stale_files=200),
}
