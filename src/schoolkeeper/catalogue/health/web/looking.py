"""How the parts of a web application are looked at."""

import json

from schoolkeeper.catalogue.health.web.facts import CertificateFacts, CheckFacts, JourneyFacts, StepFacts
from schoolkeeper.connectors.web.look import NoAnswer, Page, WebLook
from schoolkeeper.profiles.model import Check, Profile, Web


def check(web: WebLook, profile: Web, wanted: Check, samples: int) -> CheckFacts:
    """One address, asked `samples` times one after another."""
    latency_ms: list[float] = []
    wrong, wrong_count, maintenance, no_answer = "", 0, False, ""
    for _ in range(samples):
        answer = web.get(wanted.path, profile.headers)
        if isinstance(answer, NoAnswer):
            no_answer = answer.reason
            break
        if maintenance := _in_maintenance(answer, profile):
            break
        latency_ms.append(round(answer.elapsed_ms, 1))
        if fault := answer.fault(wanted):
            wrong, wrong_count = wrong or fault, wrong_count + 1
    return CheckFacts(
        name=wanted.name,
        latency_ms=latency_ms,
        latency_warning_ms=wanted.latency_warning_ms,
        latency_error_ms=wanted.latency_error_ms,
        wrong=wrong,
        wrong_count=wrong_count,
        maintenance=maintenance,
        no_answer=no_answer,
    )


def certificate(web: WebLook) -> CertificateFacts | None:
    seen = web.certificate()
    return CertificateFacts(expires_at=seen.expires_at, problem=seen.problem) if seen else None


def journey(web: WebLook, profile: Web) -> JourneyFacts | None:
    """The profile's signed-in journey; None where it has none."""
    if not profile.journey:
        return None
    walked = web.journey(profile.journey, profile.headers)
    return JourneyFacts(
        steps=[StepFacts(name=step.name, elapsed_ms=round(step.elapsed_ms, 1)) for step in walked.steps],
        broken_at=walked.broken_at,
        problem=walked.problem,
        maintenance=isinstance(walked.answer, Page) and _in_maintenance(walked.answer, profile),
    )


def version(web: WebLook, profile: Profile) -> str | None:
    """The version that the running code reports: "" for none, None where there is no place to ask."""
    place = profile.version
    if not place.web_path:
        return None
    answer = web.get(place.web_path, profile.web.headers)
    if isinstance(answer, NoAnswer):
        return ""
    try:
        reported = json.loads(answer.body)
    except ValueError:
        return ""
    return str(reported.get(place.web_field) or "") if isinstance(reported, dict) else ""


def _in_maintenance(answer: Page, profile: Web) -> bool:
    return profile.maintenance is not None and not answer.fault(profile.maintenance)
