"""How long recoveries took and how old the newest backup got, as charts that unfold's script draws."""

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from schoolkeeper.controlroom import wording
from schoolkeeper.controlroom.charts import Chart, options
from schoolkeeper.controlroom.queries.backups import ProofRow
from schoolkeeper.controlroom.queries.trend import Stretch, Trend

_UNITS = ((7200, 3600, "hours"), (180, 60, "minutes"), (0, 1, "seconds"))
_RECOVERING = ("primary-600", "blue-400", "primary-300", "blue-700", "primary-800")
_CHECKING = ("base-400", "base-500", "base-300", "base-600")
_TARGET_FLATTENS = 4
"""A target so many times above all bars would press them flat: then it is told in words alone."""


def restore_chart(trend: Trend, rto: timedelta) -> Chart | None:
    """Seconds of each proof by phase; what a recovery waits for is coloured, what only checks it is grey."""
    told = [proof for proof in trend.proofs if proof and proof.recovery is not None]
    if not told:
        return None
    longest = max((proof.whole or proof.recovery or timedelta()).total_seconds() for proof in told)
    size, unit = next((size, unit) for least, size, unit in _UNITS if longest >= least)
    datasets = [*_phases(trend, size), _recoveries(trend, size)]
    if any(proof and not proof.holds for proof in trend.proofs):
        datasets.append(_failures(trend, size))
    if rto.total_seconds() <= _TARGET_FLATTENS * longest:
        datasets.append(_target("Target (RTO)", rto.total_seconds() / size, len(trend.proofs)))
    return Chart(
        title="How long a recovery took",
        kind="bar",
        data=json.dumps({"labels": _labels(trend.stretches), "datasets": datasets}),
        options=options(unit, stacked=True, legend=True, shapes=True),
        told=_recoveries_told(trend, rto),
    )


def age_chart(trend: Trend, rpo: timedelta, stretch: str) -> Chart | None:
    """How old the newest sound backup got, with the target as a line; `stretch` is what a stretch is called."""
    known = [age for age in trend.ages if age is not None]
    if not known:
        return None
    hours = [None if age is None else round(age / timedelta(hours=1), 1) for age in trend.ages]
    line = {
        "label": "Age of the newest backup, at its highest",
        "pointStyle": "circle",
        "data": hours,
        "borderColor": "var(--color-primary-600)",
        "backgroundColor": "var(--color-primary-600)",
        "borderWidth": 2,
        "pointRadius": 3 if len(known) < 3 else 1,
        "spanGaps": False,
    }
    over = sum(age > rpo for age in known)
    of = wording.plural(len(known), stretch)
    late = f"over the target of {wording.target(rpo)} in {over} of {of}"
    if not over:
        late = f"never over the target of {wording.target(rpo)} in {of}"
    return Chart(
        title="How much work could have been lost",
        kind="line",
        data=json.dumps(
            {
                "labels": _labels(trend.stretches),
                "datasets": [line, _target("Target (RPO)", rpo / timedelta(hours=1), len(hours))],
            }
        ),
        options=options("hours", stacked=False, legend=True, shapes=True),
        told=f"At worst {wording.span(max(known))}; {late}.",
    )


def _phases(trend: Trend, size: int) -> Iterator[dict[str, Any]]:
    """A dataset for each phase, those of a recovery first, so that they stand below the target's line."""
    names = dict.fromkeys(phase.name for proof in trend.proofs if proof for phase in proof.reading.phases)
    recovering = [name for name in names if name not in wording.CHECKING_PHASES]
    for group, colours in (
        (recovering, _RECOVERING),
        ([name for name in names if name not in recovering], _CHECKING),
    ):
        for number, name in enumerate(group):
            colour = f"var(--color-{colours[number % len(colours)]})"
            yield {
                "label": wording.phase(name),
                "data": [_seconds(proof, name, size) for proof in trend.proofs],
                "backgroundColor": colour,
                "pointStyle": "rect",
                "stack": "phases",
                "order": 2,
            }


def _seconds(proof: ProofRow | None, name: str, size: int) -> float | None:
    if proof is None:
        return None
    found = [phase.seconds for phase in proof.reading.phases if phase.name == name and phase.seconds is not None]
    return round(sum(found) / size, 3) if found else None


def _recoveries(trend: Trend, size: int) -> dict[str, Any]:
    values = [
        round(proof.recovery.total_seconds() / size, 3) if proof and proof.recovery is not None else None
        for proof in trend.proofs
    ]
    return _dots("Until the ERP is back", values, "var(--color-orange-500)", "rectRot")


def _failures(trend: Trend, size: int) -> dict[str, Any]:
    values = [
        None if proof is None or proof.holds else round((proof.whole or timedelta()).total_seconds() / size, 3)
        for proof in trend.proofs
    ]
    return _dots("Did not restore", values, "var(--color-red-600)", "crossRot")


def _dots(label: str, values: Sequence[float | None], colour: str, shape: str) -> dict[str, Any]:
    return {
        "type": "line",
        "label": label,
        "data": list(values),
        "borderColor": colour,
        "backgroundColor": colour,
        "showLine": False,
        "pointStyle": shape,
        "pointRadius": 4,
        "borderWidth": 2,
        "stack": label,
        "order": 1,
    }


def _target(label: str, value: float, count: int) -> dict[str, Any]:
    colour = "var(--color-red-500)"
    return {
        "type": "line",
        "label": label,
        "data": [round(value, 3)] * count,
        "borderColor": colour,
        "backgroundColor": colour,
        "borderWidth": 1.5,
        "borderDash": [6, 4],
        "pointRadius": 0,
        "pointStyle": "line",
        "stack": label,
        "order": 0,
    }


def _labels(spans: Sequence[Stretch]) -> list[str]:
    return [f"{span.day:%d %b}" for span in spans]


def _recoveries_told(trend: Trend, rto: timedelta) -> str:
    told = [proof for proof in trend.proofs if proof and proof.recovery is not None]
    last, slowest = told[-1].recovery, max(proof.recovery for proof in told if proof.recovery is not None)
    failed = sum(not proof.holds for proof in told)
    says = f"Last {wording.span(last or timedelta())}, slowest {wording.span(slowest)}; "
    says += f"the target is {wording.target(rto)}."
    return f"{says} {wording.plural(failed, 'proof')} did not hold." if failed else says
