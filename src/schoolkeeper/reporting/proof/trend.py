"""How long a recovery took by the last proofs, as a small drawing (SVG), made offline."""

import json
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import altair as alt

from schoolkeeper.reporting.drawing import svg
from schoolkeeper.reporting.proof.collect import Earlier

_PADDING = {"left": 4, "right": 4, "top": 8, "bottom": 4}
HELD, FAILED, TARGET = "#7fa3cf", "#b3261e", "#8a4b00"
_UNITS = ((7200, 3600, "hours"), (180, 60, "minutes"), (0, 1, "seconds"))


def trend(proofs: Sequence[Earlier], rto_seconds: float | None, zone: ZoneInfo) -> str:
    """A bar for each proof, oldest first; one that failed is dark and crossed. The target is a line, if known."""
    longest = max(proof.seconds for proof in proofs)
    size, unit = next((size, unit) for least, size, unit in _UNITS if longest >= least)
    # A target far above all bars would flatten them; the page says it in words as well.
    target = rto_seconds if rto_seconds is not None and rto_seconds <= 4 * longest else None
    bars = [
        {
            "place": place,
            "long": proof.seconds / size,
            "fill": HELD if proof.holds else FAILED,
            "sign": "" if proof.holds else "×",
        }
        for place, proof in enumerate(proofs)
    ]
    labels = alt.Axis(
        title=None,
        labelAngle=0,
        labelExpr=_names(proofs, zone),
        ticks=False,
        labelOverlap="greedy",
        labelSeparation=5,
    )
    base = alt.Chart(alt.InlineData(bars)).encode(
        x=alt.X("place:O", axis=labels, scale=alt.Scale(paddingInner=0.35, paddingOuter=0.2)),
        y=alt.Y("long:Q", title=unit, axis=alt.Axis(tickCount=4), scale=alt.Scale(zero=True)),
    )
    layers: list[alt.Chart] = [
        base.mark_bar().encode(color=alt.Color("fill:N", scale=None)),
        base.mark_text(dy=-6, fontSize=13, fontWeight="bold", color=FAILED).encode(text="sign:N"),
    ]
    if target is not None:
        line = alt.Chart(alt.InlineData([{"target": target / size, "name": "RTO"}])).encode(y="target:Q")
        layers.append(line.mark_rule(color=TARGET, strokeDash=[5, 3], strokeWidth=1.4))
        layers.append(
            line.mark_text(align="right", dy=-5, x="width", color=TARGET, fontSize=11).encode(text="name:N")
        )
    return svg(alt.layer(*layers).properties(width=330, height=125), _PADDING)


def _names(proofs: Sequence[Earlier], zone: ZoneInfo) -> str:
    """What stands below the bars, as an expression of the drawing's language."""
    days = [proof.at.astimezone(zone) for proof in proofs]
    return f"{json.dumps([f'{day.day} {day:%b}' for day in days])}[datum.value]"
