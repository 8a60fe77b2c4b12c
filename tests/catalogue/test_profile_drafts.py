"""The profile format carries products that differ as much as possible."""

import re
from pathlib import Path

import pytest

from schoolkeeper.kernel.errors import Invalid
from schoolkeeper.profiles import parse

DRAFTS = sorted((Path(__file__).parents[2] / "docs/profiles").glob("*.toml"))


@pytest.mark.parametrize("path", DRAFTS, ids=lambda path: path.stem)
def test_a_draft_is_a_valid_profile(path: Path) -> None:
    profile = parse(path.stem, path.read_text())
    assert profile.slug == path.stem
    assert profile.web.checks
    assert profile.integrity
    for expression in (profile.version.file_pattern, *(format.line for format in profile.logs.values())):
        re.compile(expression)


def test_there_are_three_drafts_of_different_kinds() -> None:
    profiles = [parse(path.stem, path.read_text()) for path in DRAFTS]
    assert len(profiles) >= 3
    assert {profile.times.stored_as for profile in profiles} == {"epoch", "naive-utc", "site"}
    assert {profile.database for profile in profiles} == {"postgres", "mariadb"}


def test_an_unknown_key_is_a_fault_with_its_place() -> None:
    with pytest.raises(Invalid, match=r"web\.checks\.0\.colour"):
        parse("x", 'slug = "x"\ntitle = "X"\n[[web.checks]]\nname = "a"\npath = "/"\ncolour = "blue"\n')
