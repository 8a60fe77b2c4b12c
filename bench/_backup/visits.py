"""People of the school at work: how long each answer of the ERP took. `python -m bench._backup.visits URL SECONDS`
prints the milliseconds of all answers as JSON; it is a process of its own, so that it slows nobody down."""

import json
import random
import sys
import threading
from contextlib import suppress

import httpx

from smart_erp.traffic.journeys import JOURNEYS
from smart_erp.traffic.pace import Pace, Stopped
from smart_erp.traffic.visitor import Unexpected, Visitor

ROLES = ("teacher", "student", "parent", "student", "registrar", "teacher", "student", "accountant")
NAMES = {"student": "student{:05}", "parent": "parent{:05}", "teacher": "teacher{:04}"}
REQUESTS_PER_SECOND = 6.0


class Clock(Pace):
    """Notes for each request the time from a visitor's turn until the answer is there."""

    def __init__(self, seconds: float) -> None:
        super().__init__(REQUESTS_PER_SECOND, seconds)
        self.answered_ms: list[float] = []
        self._turn = threading.local()

    def wait(self) -> None:
        super().wait()
        self._turn.at = self.clock()

    def count(self, answer: str) -> None:
        if answer.isdecimal():  # a status; other words tell what came of it
            self.answered_ms.append((self.clock() - self._turn.at) * 1000)
        super().count(answer)


def main(url: str, seconds: float, password: str) -> None:
    clock = Clock(seconds)
    places = [threading.Thread(target=_work, args=(url, password, clock, place)) for place in range(len(ROLES))]
    for place in places:
        place.start()
    for place in places:
        place.join()
    assert clock.answers["signed in"], clock.answers
    print(json.dumps(clock.answered_ms))


def _work(url: str, password: str, clock: Clock, place: int) -> None:
    role, dice = ROLES[place], random.Random(place)
    with suppress(Stopped):
        while True:
            name = NAMES.get(role, f"{role}01").format(dice.randrange(1, 25))
            with Visitor(url, name, password, clock, dice) as visitor, suppress(Unexpected, httpx.TransportError):
                visitor.sign_in()
                for _ in range(3):
                    JOURNEYS[role](visitor)
                visitor.sign_out()


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), sys.stdin.read())
