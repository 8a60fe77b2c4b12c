"""Guessing what kind of event a calendar means, by its own categories and its title. Pure."""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

from schoolkeeper.calendars.models import AcademicEvent

_APOSTROPHES = re.compile("['’‘ʻʼ`´]")
_BETWEEN_WORDS = re.compile(r"[\W_]+")


def guess(names: Iterable[str], title: str) -> str:
    """The category: by what the calendar's categories say where they say something, else by the title."""
    for text in (" ".join(names), title):
        plain = _plain(text)
        for category, words in _table().items():
            if words.search(plain):
                return category
    return AcademicEvent.Category.OTHER.value


@cache
def _table() -> Mapping[str, re.Pattern[str]]:
    """Category to an expression for its words, in the order in which they decide."""
    text = files(__package__).joinpath("categories.toml").read_text(encoding="utf-8")
    found = {}
    for name, words in tomllib.loads(text).items():
        expression = "|".join(_expression(word) for word in words)
        found[AcademicEvent.Category(name).value] = re.compile(expression)
    return found


def _expression(word: str) -> str:
    begin = "" if word.startswith("*") else r"\b"
    end = r"\b" if word.endswith("$") else ""
    return f"{begin}{re.escape(_plain(word))}{end}"


def _plain(text: str) -> str:
    """Small letters without accents and apostrophes, one space between words."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("ı", "i"))
    letters = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return _BETWEEN_WORDS.sub(" ", _APOSTROPHES.sub("", letters)).strip()
