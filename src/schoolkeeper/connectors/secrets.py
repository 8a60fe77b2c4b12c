"""Secrets are references in definitions, never values: `env:NAME` or `file:/path`."""

import os
import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from schoolkeeper.kernel.errors import Unreachable

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _check(reference: str) -> str:
    scheme, _, rest = reference.partition(":")
    if scheme not in ("env", "file") or not rest:
        raise ValueError("a secret is a reference: write env:NAME or file:/path, never the value itself")
    if scheme == "env" and not _VARIABLE.fullmatch(rest):
        raise ValueError(
            "env: needs the name of a variable: letters, digits and underscores, not the value itself"
        )
    if scheme == "file" and not Path(rest).is_absolute():
        raise ValueError("file: needs an absolute path")
    return reference


SecretReference = Annotated[str, AfterValidator(_check)]


def resolve(reference: SecretReference, component: str) -> str:
    """The secret's value, read at the moment of use and kept nowhere.

    Raises Unreachable naming the reference (not the value) when the variable or file is missing.
    """
    scheme, _, rest = reference.partition(":")
    if scheme == "env":
        if rest not in os.environ:
            raise Unreachable(component, f"the environment variable {rest} is not set")
        return os.environ[rest]
    try:
        return Path(rest).read_text().strip()
    except OSError as error:
        raise Unreachable(component, f"the secret file {rest} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise Unreachable(component, f"the secret file {rest} is not UTF-8 text") from None
