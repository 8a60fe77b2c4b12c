"""Look at the ERP's web application as its users meet it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import Field

from schoolkeeper.catalogue.health.web import judging, looking
from schoolkeeper.catalogue.health.web.facts import Fault, WebFacts
from schoolkeeper.catalogue.task import SystemTask
from schoolkeeper.connectors.look import Look
from schoolkeeper.kernel.errors import Unreachable
from schoolkeeper.kernel.facts import Options
from schoolkeeper.kernel.finding import Finding
from schoolkeeper.kernel.measurement import Measurement
from schoolkeeper.kernel.spec import Cadence, Kind, Risk, Spec, Undo

T = TypeVar("T")


class WebOptions(Options):
    samples: int = Field(5, ge=1, le=50, description="How often each address is asked")
    certificate_warning_days: int = Field(21, ge=1, le=365, description="Warn when the certificate ends sooner")
    certificate_error_days: int = Field(7, ge=0, le=365, description="An error when the certificate ends sooner")


class WebHealth(SystemTask[WebOptions, WebFacts]):
    spec = Spec(
        id="health.web",
        version=1,
        title="Check the web application",
        summary="Asks for pages, measures them, signs in and walks a journey, and looks at the certificate.",
        kind=Kind.PREVENTIVE,
        risk=Risk.READ_ONLY,
        undo=Undo.NOTHING_WRITTEN,
        reads=frozenset({"web"}),
        cadence=Cadence.DAILY,
        requirements=frozenset({"M025", "M026", "M031", "M032"}),
        findings={
            "down": "The web server does not answer",
            "wrong_answer": "A page is not as it should be",
            "slow": "A page is slow",
            "certificate": "The certificate ends soon or is not trusted",
            "journey": "A signed-in user cannot do what they came for",
            "maintenance": "The application is in maintenance mode",
            "version": "The application does not report its version",
        },
        home=Path(__file__).parent,
    )
    options = WebOptions
    facts = WebFacts

    def assess(self, look: Look, options: WebOptions) -> WebFacts:
        web, profile = look.web(), look.profile
        if not profile.web.checks:
            raise Unreachable(web.name, f"the profile {profile.slug} names no address to look at")
        checks = [looking.check(web, profile.web, wanted, options.samples) for wanted in profile.web.checks]
        seen = WebFacts(seen_at=look.run.now, checks=checks)
        if seen.no_answer:
            return seen
        faults: list[Fault] = []
        certificate = _part("certificate", faults, lambda: looking.certificate(web))
        journey = None
        if not seen.in_maintenance:
            journey = _part("journey", faults, lambda: looking.journey(web, profile.web))
        version = _part("version", faults, lambda: looking.version(web, profile))
        found = {"certificate": certificate, "journey": journey, "version": version, "faults": faults}
        return seen.model_copy(update=found)

    def judge(self, facts: WebFacts, options: WebOptions) -> Sequence[Finding]:
        days = options.certificate_warning_days, options.certificate_error_days
        verdicts = (
            *judging.availability(facts),
            *(verdict for check in facts.checks for verdict in judging.answers(check)),
            *(verdict for check in facts.checks for verdict in judging.latency(check)),
            *judging.certificate(facts, *days),
            *judging.journey(facts.journey),
            *judging.version(facts.version),
            *judging.unseen(facts),
        )
        return [
            self.finding(seen.suffix, seen.level, seen.says, subject=seen.subject, hint=seen.hint)
            for seen in verdicts
        ]

    def measure(self, facts: WebFacts) -> Sequence[Measurement]:
        found = [
            Measurement("web.latency_ms", check.median_ms, check.name)
            for check in facts.checks
            if check.median_ms is not None
        ]
        if facts.journey and not facts.journey.broken_at:
            steps = facts.journey.steps
            found.append(Measurement("web.journey_ms", sum(step.elapsed_ms for step in steps)))
            found += [Measurement("web.journey_ms", step.elapsed_ms, step.name) for step in steps]
        if facts.certificate_days is not None:
            found.append(Measurement("web.certificate_days", round(facts.certificate_days, 2)))
        return found


def _part(name: str, faults: list[Fault], look: Callable[[], T]) -> T | None:
    """What `look` sees; when it cannot, None and a line in `faults`."""
    try:
        return look()
    except Unreachable as error:
        faults.append(Fault(part=name, reason=error.reason))
        return None
