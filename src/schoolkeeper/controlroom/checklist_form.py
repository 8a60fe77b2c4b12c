"""The form with which a duty is signed off: each item of its checklist is answered with yes or no."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schoolkeeper.programme.duties import Duty
from schoolkeeper.programme.signing import Answer

_DONE: Mapping[str, bool] = {"yes": True, "no": False}
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the form, as it was sent last."""

    number: int
    text: str
    answer: str
    note: str


def items(duty: Duty, sent: Mapping[str, Any]) -> list[Item]:
    """The checklist with what was answered so far."""
    return [
        Item(number, text, str(sent.get(f"item-{number}", "")), str(sent.get(f"note-{number}", ""))[:_LONGEST])
        for number, text in enumerate(duty.checklist, start=1)
    ]


def answers(given: Sequence[Item]) -> list[Answer]:
    return [Answer(item.text, _DONE.get(item.answer), item.note) for item in given]
