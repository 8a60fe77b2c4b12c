"""Filling the places of a profile's texts: `{home}` and its like."""

from collections.abc import Mapping

from schoolkeeper.profiles.model import PLACE


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with every place filled that has a value; other braces stay as they are."""
    return PLACE.sub(lambda place: values.get(place[1], place[0]), text)
