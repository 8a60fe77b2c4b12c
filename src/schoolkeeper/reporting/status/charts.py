"""Drawings for the report as SVG, made offline. Lines differ in dash as well as in colour."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import altair as alt

from schoolkeeper.reporting.drawing import INK, LINE, svg
from schoolkeeper.reporting.glyphs import printable
from schoolkeeper.reporting.status.activities import Day, Mark
from schoolkeeper.reporting.status.performance import Performance, Series
from schoolkeeper.reporting.status.period import Period

# A reader's own font may be wider than the one that was measured with.
_PADDING = {"left": 16, "right": 8, "top": 4, "bottom": 4}
LINES = ("#1d4f91", "#c2570c", "#6d9fd8", "#0f766e")
DASHES = ([1, 0], [6, 3], [2, 2], [8, 2, 2, 2])
MOST_LINES = len(LINES)

FILLS = {
    Mark.GOOD: "#cfe5d6",
    Mark.TROUBLE: "#b3261e",
    Mark.UNKNOWN: "#6b4fa0",
    Mark.OPEN: "#dbe4f0",
    Mark.MISSING: "#f3c677",
    Mark.TO_COME: "#fdfdfe",
    Mark.BEFORE: "#f1f3f6",
}
SIGNS = {
    Mark.GOOD: "•",
    Mark.TROUBLE: "×",
    Mark.UNKNOWN: "?",
    Mark.OPEN: "…",
    Mark.MISSING: "–",
    Mark.TO_COME: "",
    Mark.BEFORE: "",
}
_ON_DARK = (Mark.TROUBLE, Mark.UNKNOWN)
_WEEKDAYS_UP_TO = 8
"""Days that leave room for a weekday's name beside the date."""


def calendar(days: Sequence[Day]) -> str:
    """A row for each daily task, a column for each day, a sign for how it went."""
    cells = [
        {
            "day": number,
            "task": printable(title),
            "fill": FILLS[mark],
            "sign": SIGNS[mark],
            "ink": "#ffffff" if mark in _ON_DARK else INK,
        }
        for number, day in enumerate(days)
        for title, mark in day.marks
    ]
    names = [f"{day.day:%a} {day.day.day}" if len(days) <= _WEEKDAYS_UP_TO else str(day.day.day) for day in days]
    label = f"{json.dumps(names)}[datum.value]"
    axis = alt.Axis(title=None, labelAngle=0, orient="top", labelExpr=label, domain=False, ticks=False)
    base = alt.Chart(alt.InlineData(cells)).encode(
        x=alt.X("day:O", axis=axis),
        y=alt.Y(
            "task:N",
            title=None,
            sort=None,
            axis=alt.Axis(labelLimit=220, domain=False, ticks=False, labelPadding=8),
        ),
    )
    drawing = base.mark_rect(stroke=LINE, strokeWidth=1).encode(color=alt.Color("fill:N", scale=None))
    signs = base.mark_text(fontSize=13, fontWeight="bold").encode(
        text="sign:N", color=alt.Color("ink:N", scale=None)
    )
    rows = len(days[0].marks) if days else 0
    return svg(alt.layer(drawing, signs).properties(width=560, height=24 * rows), _PADDING)


def lines(performance: Performance, period: Period) -> str:
    """The busiest series of a metric over the whole period; where nothing was measured, no line is drawn."""
    shown = performance.series[:MOST_LINES]
    names = _names(shown)
    values = [
        {"at": _wall(at, period), "value": round(value, 3), "of": name, "piece": piece}
        for name, series in zip(names, shown, strict=True)
        for piece, at, value in _pieces(series, period)
    ]
    legend = (
        alt.Legend(title=None, orient="bottom", columns=2, labelLimit=150, symbolSize=260, symbolType="stroke")
        if len(shown) > 1
        else None
    )
    chart = alt.Chart(alt.InlineData(values)).encode(
        x=alt.X("at:T", title=None, axis=_time_axis(period), scale=_time_scale(period)),
        y=alt.Y(
            "value:Q",
            title=performance.metric.unit or None,
            scale=_value_scale(performance),
            axis=alt.Axis(tickCount=4),
        ),
        color=alt.Color("of:N", legend=legend, scale=alt.Scale(domain=names, range=list(LINES[: len(names)]))),
        strokeDash=alt.StrokeDash(
            "of:N", legend=legend, scale=alt.Scale(domain=names, range=list(DASHES[: len(names)]))
        ),
        detail="piece:N",
    )
    layers = [chart.mark_line(strokeWidth=1.8), *_dots(chart, values)]
    return svg(alt.layer(*layers).properties(width=320, height=115), _PADDING)


def _dots(chart: alt.Chart, values: Sequence[Any]) -> Iterator[alt.Chart]:
    """Few measurements are shown one by one: a line alone would suggest many."""
    if len(values) <= 60:
        yield chart.mark_point(filled=True, size=22, opacity=1).encode(strokeDash=alt.Undefined)


def _names(shown: Sequence[Series]) -> list[str]:
    """What the lines are called, each differently."""
    names: list[str] = []
    for series in shown:
        name = printable(series.subject) or "all"
        names.append(name if name not in names else f"{name} ({len(names) + 1})")
    return names


def _pieces(series: Series, period: Period) -> Iterator[tuple[int, datetime, float]]:
    """Points with the number of their piece: a line is not drawn across a day and a half without a value."""
    longest = min(timedelta(hours=36), (period.end - period.start) / 4)
    piece, last = 0, None
    for point in series.points:
        if last is not None and point.at - last > longest:
            piece += 1
        yield piece, point.at, point.mean
        last = point.at


def _wall(at: datetime, period: Period) -> str:
    """What the clock on the wall shows, marked as UTC so that the drawing does not move it again."""
    return f"{at.astimezone(period.zone).replace(tzinfo=None).isoformat()}Z"


def _time_scale(period: Period) -> alt.Scale:
    end = _wall(period.end - timedelta(seconds=1), period)
    return alt.Scale(type="utc", domain=[_wall(period.start, period), end])


def _time_axis(period: Period) -> alt.Axis:
    if len(period.days) == 1:
        return alt.Axis(format="%H:%M", tickCount=6, labelOverlap=True)
    return alt.Axis(format="%-d %b", tickCount=7, labelOverlap=True)


def _value_scale(performance: Performance) -> alt.Scale:
    """Percentages keep their whole range, so that a harmless wiggle does not look like a storm."""
    if performance.metric.unit == "%":
        return alt.Scale(domain=[0, 100])
    return alt.Scale(zero=True, nice=True)
