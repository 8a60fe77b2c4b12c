"""Duties: what people do for an ERP at set times and sign off, one TOML file each."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from schoolkeeper.kernel.errors import Invalid
from schoolkeeper.kernel.spec import Cadence


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """What a person is asked to do. `why` is one sentence; `checklist` are the questions that are answered when it
    is signed off; `evidence` says what to attach, and is empty where the answers are enough."""

    id: str
    title: str
    why: str
    cadence: Cadence
    minutes: int
    requirements: frozenset[str]
    checklist: Sequence[str]
    evidence: str = ""


@cache
def duties() -> tuple[Duty, ...]:
    """Every duty, by id. Raises Invalid with every fault of every file."""
    found, faults = [], list[str]()
    for file in sorted(files(__name__).iterdir(), key=lambda one: one.name):
        if file.name.endswith(".toml"):
            try:
                table = tomllib.loads(file.read_text(encoding="utf-8"))
                found.append(_duty(file.name.removesuffix(".toml"), table))
            except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
                faults.append(f"{file.name}: {error!r}")
    if faults:
        raise Invalid("duties", faults)
    return tuple(found)


def find(duty_id: str) -> Duty | None:
    """The duty of this id."""
    return next((duty for duty in duties() if duty.id == duty_id), None)


def _duty(name: str, table: dict[str, object]) -> Duty:
    known = {
        **table,
        "cadence": Cadence(table["cadence"]),
        "requirements": frozenset(_texts(table["requirements"])),
        "checklist": tuple(_texts(table["checklist"])),
    }
    return Duty(id=f"duty.{name}", **known)  # type: ignore[arg-type]


def _texts(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise TypeError("a list of texts is wanted")
    return value
