"""Who is behind an actor in the records: one person stays one, by whatever door they come."""

COMMAND_LINE = " (command line)"


def at_the_keyboard(name: str) -> str:
    """How somebody is named in the records who works at the command line, signed in to the machine as `name`."""
    return f"{name}{COMMAND_LINE}"


def person(actor: str) -> str:
    """The person that an actor is, without the door; two actors with the same are one pair of eyes."""
    return actor.removesuffix(COMMAND_LINE)
