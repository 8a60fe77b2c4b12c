"""Runs the visitors, each in a thread, until the time is over or a signal comes."""

from __future__ import annotations

import random
import signal
import threading
from dataclasses import dataclass

import httpx

from smart_erp.traffic.journeys import JOURNEYS, lost
from smart_erp.traffic.pace import Pace, Stopped
from smart_erp.traffic.visitor import Unexpected, Visitor

# In the order in which visitors come; every generated school has at least these many of each.
CAST = ("teacher", "student", "parent", "accountant", "student", "registrar", "student", "teacher", "parent")
KNOWN = {"student": ("{:05d}", 300), "parent": ("{:05d}", 200), "teacher": ("{:04d}", 24)}
WRONG_PASSWORD_CHANCE = 0.1
LOST_CHANCE = 0.15
RETRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`rate` is requests a second of all `users` together; without `seconds` only a signal ends it."""

    url: str
    users: int
    rate: float
    seconds: float | None
    seed: int
    password: str


def run(plan: Plan) -> int:
    """Work, print what was met, and return 0; 1 if nobody could ever sign in."""
    pace = Pace(plan.rate, plan.seconds)
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: pace.stop.set())
    print(f"traffic: {plan.users} users on {plan.url}", flush=True)
    threads = [threading.Thread(target=_work, args=(plan, pace, number)) for number in range(plan.users)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(
        "traffic:",
        ", ".join(f"{count} × {answer}" for answer, count in sorted(pace.answers.items())) or "nothing",
    )
    return 0 if pace.answers["signed in"] else 1


def _work(plan: Plan, pace: Pace, number: int) -> None:
    """One place at a computer: people of one role come one after the other."""
    role = CAST[number % len(CAST)]
    dice = random.Random(f"{plan.seed}:{number}")  # noqa: S311 - reproducible, not secret
    try:
        while True:
            with Visitor(plan.url, _username(role, dice), plan.password, pace, dice) as visitor:
                _visit(visitor, role)
    except Stopped:
        return


def _visit(visitor: Visitor, role: str) -> None:
    """One person's visit. A server that is away or closed is waited for, as people do."""
    try:
        if visitor.dice.random() < WRONG_PASSWORD_CHANCE:
            visitor.sign_in("not the password")
        if not visitor.sign_in():
            visitor.pace.pause(RETRY_SECONDS)
            return
        for _ in range(visitor.dice.randrange(1, 4)):
            JOURNEYS[role](visitor)
        if visitor.dice.random() < LOST_CHANCE:
            lost(visitor)
        # Many people just close the browser; their sessions stay until they expire.
        if visitor.dice.random() < 0.5:
            visitor.sign_out()
    except httpx.TransportError as error:
        visitor.pace.count(type(error).__name__)
        visitor.pace.pause(RETRY_SECONDS)
    except Unexpected:
        visitor.pace.count("journeys broken off")
        visitor.pace.pause(RETRY_SECONDS)


def _username(role: str, dice: random.Random) -> str:
    if role not in KNOWN:
        return f"{role}01"
    pattern, count = KNOWN[role]
    return role + pattern.format(dice.randrange(1, count + 1))
