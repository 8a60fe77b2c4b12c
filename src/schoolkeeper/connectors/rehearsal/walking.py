"""Walking through a started copy: its checks, the signed-in journey, the golden pages."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.rehearsal import golden
from schoolkeeper.connectors.rehearsal.golden import GoldenRows
from schoolkeeper.connectors.web.component import WebComponent
from schoolkeeper.connectors.web.look import NoAnswer, WebLook
from schoolkeeper.kernel.errors import Unreachable
from schoolkeeper.profiles.model import Check, JourneyStep, Profile


@dataclass(slots=True)
class Walked:
    """What was found, and how much was looked at."""

    faults: list[Fault] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)


def walk(component: WebComponent, profile: Profile, saved: GoldenRows) -> Walked:
    """Everything that the profile says of its pages, on the copy."""
    with WebLook("copy", component) as web:
        walked = Walked()
        walked.faults += [fault for check in profile.web.checks if (fault := _check(web, profile, check))]
        walked.counts["checks"] = len(profile.web.checks)
        _journey(web, profile, walked)
        _golden(web, profile, saved, walked)
        return walked


def _check(web: WebLook, profile: Profile, check: Check) -> Fault | None:
    try:
        answer = web.get(check.path, profile.web.headers)
    except Unreachable as error:
        return _fails(check.name, error.reason)
    problem = answer.reason if isinstance(answer, NoAnswer) else answer.fault(check)
    return _fails(check.name, problem) if problem else None


def _journey(web: WebLook, profile: Profile, walked: Walked) -> None:
    steps = profile.web.journey
    if not steps:
        walked.faults.append(_unknown("journey", "the profile declares none"))
        return
    try:
        journey = web.journey(steps, profile.web.headers)
    except Unreachable as error:
        walked.faults.append(_unknown("journey", error.reason))
        return
    walked.counts["journey_steps"] = len(journey.steps)
    if journey.broken_at:
        walked.faults.append(_fails(journey.broken_at, journey.problem))


def _golden(web: WebLook, profile: Profile, saved: GoldenRows, walked: Walked) -> None:
    """Each page is looked at, also those that come after a bad one: for them one signs in again."""
    entry = list(_entry(profile))
    left = [page for one in profile.golden for page in golden.pages(one, saved)]
    walked.counts["golden_pages"] = 0
    while left:
        try:
            journey = web.journey([*entry, *left], profile.web.headers)
        except Unreachable as error:
            walked.faults.append(_unknown("golden pages", error.reason))
            return
        seen = len(journey.steps) - len(entry)
        if seen < 0:
            walked.faults.append(_unknown("golden pages", f"the step {journey.broken_at!r} of signing in failed"))
            return
        walked.counts["golden_pages"] += min(seen + 1, len(left))
        if journey.broken_at:
            walked.faults.append(golden.page_fault(journey.broken_at, journey.problem))
        left = left[seen + 1 :]
        if left and isinstance(journey.answer, NoAnswer):
            walked.faults.append(_unknown("golden pages", f"nothing answers any more; {len(left)} were not seen"))
            return


def _entry(profile: Profile) -> Iterator[JourneyStep]:
    """The journey as far as one is signed in."""
    after = profile.rehearsal.signed_in_after if profile.rehearsal else ""
    for step in profile.web.journey:
        yield step
        if step.name == after:
            return


def _fails(subject: str, found: str) -> Fault:
    return Fault(
        code="journey_fails", subject=subject, expected="the page as the profile declares it", found=found
    )


def _unknown(subject: str, found: str) -> Fault:
    return Fault(code="unknown", subject=subject, found=found, level="unknown")
