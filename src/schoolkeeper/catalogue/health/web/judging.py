"""What the facts about a web application mean."""

from collections.abc import Iterator

from schoolkeeper.catalogue.health import Verdict
from schoolkeeper.catalogue.health.web.facts import CheckFacts, JourneyFacts, WebFacts
from schoolkeeper.kernel.finding import Level


def availability(facts: WebFacts) -> Iterator[Verdict]:
    """One verdict for the whole server, however many pages are concerned."""
    if facts.no_answer:
        silent = ", ".join(check.name for check in facts.checks if check.no_answer)
        yield Verdict(
            suffix="down",
            level=Level.ERROR,
            says=f"The web server does not answer: {facts.no_answer} (asked for: {silent}).",
            hint="See whether its process runs, and start it; then read its log for why it stopped.",
        )
    elif facts.in_maintenance:
        yield Verdict(
            suffix="maintenance",
            level=Level.WARNING,
            says="The application answers with its maintenance page: nobody can work with it.",
            hint="If no maintenance is under way, switch the mode off.",
        )


def answers(check: CheckFacts) -> Iterator[Verdict]:
    """Every sample wrong is an error, some of them a warning: one of several workers or servers fails."""
    asked = len(check.latency_ms)
    if not check.wrong_count:
        return
    always = check.wrong_count == asked
    how_often = f"Asked {asked} times" if always else f"In {check.wrong_count} of {asked} answers"
    yield Verdict(
        suffix="wrong_answer",
        level=Level.ERROR if always else Level.WARNING,
        says=f"{how_often}, {check.wrong}.",
        subject=check.name,
        hint="Ask for the address by hand, then look for the same minute in the application's log.",
    )


def latency(check: CheckFacts) -> Iterator[Verdict]:
    """By the median, so that one unlucky sample alarms nobody."""
    median_ms = check.median_ms
    if median_ms is None or median_ms < check.latency_warning_ms:
        return
    unusable = median_ms >= check.latency_error_ms
    limit_ms = check.latency_error_ms if unusable else check.latency_warning_ms
    yield Verdict(
        suffix="slow",
        level=Level.ERROR if unusable else Level.WARNING,
        says=f"The median of {len(check.latency_ms)} answers took {median_ms:,.0f} ms, the slowest "
        f"{max(check.latency_ms):,.0f} ms; the limit is {limit_ms:,} ms.",
        subject=check.name,
        hint="Compare with the load of the host and with long queries at the same time.",
    )


def certificate(facts: WebFacts, warning_days: int, error_days: int) -> Iterator[Verdict]:
    days = facts.certificate_days
    if facts.certificate is None or days is None or (days >= warning_days and not facts.certificate.problem):
        return
    ends = f"{facts.certificate.expires_at:%Y-%m-%d %H:%M} UTC"
    says = f"The certificate ends in {days:.1f} days, on {ends}."
    if facts.certificate.problem:
        says = f"Browsers warn of the certificate: {facts.certificate.problem}. It ends on {ends}."
    yield Verdict(
        suffix="certificate",
        level=Level.ERROR if facts.certificate.problem or days < error_days else Level.WARNING,
        says=says,
        hint="Renew it, and see why the automatic renewal did not.",
    )


def journey(walked: JourneyFacts | None) -> Iterator[Verdict]:
    if walked is None or not walked.broken_at or walked.maintenance:
        return
    yield Verdict(
        suffix="journey",
        level=Level.ERROR,
        says=f"The signed-in journey broke at {walked.broken_at!r}, after {len(walked.steps)} steps: "
        f"{walked.problem}.",
        subject=walked.broken_at,
        hint="Try the same in a browser with the journey's account.",
    )


def version(reported: str | None) -> Iterator[Verdict]:
    if reported == "":
        yield Verdict(
            suffix="version",
            level=Level.WARNING,
            says="The address that the profile names for the version answers without one.",
            hint="Ask for that address by hand.",
        )


def unseen(facts: WebFacts) -> Iterator[Verdict]:
    """What could not be looked at while the rest could."""
    for fault in facts.faults:
        yield Verdict(
            suffix="unknown",
            level=Level.UNKNOWN,
            says=f"The {fault.part} could not be looked at: {fault.reason}.",
            subject=fault.part,
            hint="Mend the reason named; until then nothing is known of it.",
        )
