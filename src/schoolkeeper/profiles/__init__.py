"""What do we know about an ERP product? One TOML file per product, data only; `model` is its format."""

import tomllib
from functools import cache
from importlib.resources import files

from pydantic import ValidationError

from schoolkeeper.kernel.errors import Invalid
from schoolkeeper.profiles.model import Profile


def available() -> tuple[str, ...]:
    """The slugs of the profiles that ship with Schoolkeeper."""
    return tuple(
        sorted(
            entry.name.removesuffix(".toml") for entry in files(__name__).iterdir() if entry.name.endswith(".toml")
        )
    )


@cache
def load(slug: str) -> Profile:
    """The profile of one ERP product. Raises Invalid when there is none or it has faults."""
    if slug not in available():
        raise Invalid(f"profile {slug!r}", [f"there is none; known are: {', '.join(available())}"])
    text = files(__name__).joinpath(f"{slug}.toml").read_text(encoding="utf-8")
    return parse(slug, text)


def parse(slug: str, text: str) -> Profile:
    """A profile from its TOML text. Raises Invalid with every fault and its place."""
    try:
        return Profile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"profile {slug!r}", [str(error)]) from error
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
        raise Invalid(f"profile {slug!r}", faults) from error
