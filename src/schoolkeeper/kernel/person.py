"""Who is behind an actor in the records: one person stays one, by whatever door they come."""

import unicodedata

COMMAND_LINE = " (command line)"


def at_the_keyboard(name: str) -> str:
    """How somebody is named in the records who works at the command line, signed in to the machine as `name`."""
    return f"{name}{COMMAND_LINE}"


def person(actor: str) -> str:
    """The person that an actor is, without the door."""
    return actor.removesuffix(COMMAND_LINE)


def same_person(one: str, other: str) -> bool:
    """Whether two actors may be one person: by whatever door they came, however the letters are written.

    Where two accounts differ in nothing but that, they are taken to be one: a second pair of eyes must be beyond
    doubt.
    """
    return _plain(one) == _plain(other)


def _plain(actor: str) -> str:
    return unicodedata.normalize("NFKC", person(actor)).strip().casefold()
