"""Which measurements are drawn, and how a series becomes a chart that unfold's script draws."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from schoolkeeper.controlroom import wording
from schoolkeeper.records.measurements import Point

COLOURS = ("primary", "blue", "orange", "green", "red")
_MOST_SUBJECTS = 5
# Legible on light and on dark: the script that draws knows only one of the two.
_INK = "#8b93a1"
_MOST_WITH_PEAKS = 3


@dataclass(frozen=True, slots=True)
class Plan:
    """One chart: the measurements `names` over time, a line for each subject; `highest` adds the peaks."""

    title: str
    unit: str
    names: tuple[str, ...]
    highest: bool = False


PLANS: tuple[Plan, ...] = (
    Plan("Web answers", "ms", ("web.latency_ms",), highest=True),
    Plan("Processors in use", "%", ("host.cpu_percent",), highest=True),
    Plan("Memory in use", "%", ("host.memory_percent",)),
    Plan("Disk in use", "%", ("host.disk_percent",)),
    Plan("Database connections", "", ("database.connections_count",)),
    Plan("Errors in the logs", "", ("logs.errors_count",)),
)


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart ready for the page: `data` and `options` are JSON for Chart.js, `told` says it in words."""

    title: str
    kind: str
    data: str
    options: str
    told: str


Series = Mapping[tuple[str, str], Sequence[Point]]


def line_charts(series: Series, zone: str) -> list[Chart]:
    """The charts of all plans that have points. `series` maps (name, subject) to points."""
    charts = []
    for plan in PLANS:
        drawn = {key: points for key, points in series.items() if key[0] in plan.names and points}
        if drawn:
            charts.append(_line_chart(plan, drawn, zone))
    return charts


def outcome_chart(days: Sequence[str], counts: Mapping[str, Sequence[int]]) -> Chart | None:
    """Runs per day, stacked by how they ended; `counts` maps good, bad and unknown to a number a day."""
    if not any(map(sum, counts.values())):
        return None
    told = {
        "good": ("Went well", "--color-green-500"),
        "bad": ("Faults or failures", "--color-red-500"),
        "unknown": ("Could not look, or refused", "--sk-unknown"),
    }
    datasets = [
        {"label": told[name][0], "data": list(counts[name]), "backgroundColor": f"var({told[name][1]})"}
        for name in counts
    ]
    total, well = sum(map(sum, counts.values())), sum(counts["good"])
    return Chart(
        title="How runs ended",
        kind="bar",
        data=json.dumps({"labels": list(days), "datasets": datasets}),
        options=options("runs a day", stacked=True, legend=True),
        told=f"{well:,} of {wording.plural(total, 'run')} in {len(days)} days went well.",
    )


def _line_chart(plan: Plan, drawn: Series, zone: str) -> Chart:
    # Where there are many subjects (mounts, pages), those with the highest values are the ones to look at.
    keys = sorted(drawn, key=lambda key: -max(point.highest for point in drawn[key]))[:_MOST_SUBJECTS]
    times = sorted({point.at for key in keys for point in drawn[key]})
    place = {at: number for number, at in enumerate(times)}
    datasets: list[dict[str, Any]] = []
    for number, key in enumerate(keys):
        label = key[1] or (plan.title if len(plan.names) == 1 else key[0])
        colour = f"var(--color-{COLOURS[number % len(COLOURS)]}-{'500' if number else '600'})"
        datasets.append(_dataset(label, colour, place, [(point.at, point.mean) for point in drawn[key]]))
        if plan.highest and len(keys) <= _MOST_WITH_PEAKS:
            peaks = [(point.at, point.highest) for point in drawn[key]]
            if any(point.highest > point.mean for point in drawn[key]):
                datasets.append({**_dataset(f"{label}, highest", colour, place, peaks), "borderDash": [3, 3]})
    labels = [_label(at, times, zone) for at in times]
    unit = "percent" if plan.unit == "%" else plan.unit
    return Chart(
        title=plan.title,
        kind="line",
        data=json.dumps({"labels": labels, "datasets": datasets}),
        options=options(unit, stacked=False, legend=len(datasets) > 1),
        told=_told(plan, drawn, keys[0]),
    )


def _told(plan: Plan, drawn: Series, key: tuple[str, str]) -> str:
    highest = max(point.highest for points in drawn.values() for point in points)
    last = wording.number(drawn[key][-1].mean, plan.unit)
    where = f" ({key[1]})" if key[1] else ""
    return f"Last {last}{where}, highest {wording.number(highest, plan.unit)}."


def _dataset(
    label: str, colour: str, place: Mapping[datetime, int], points: Sequence[tuple[datetime, float]]
) -> dict[str, Any]:
    values: list[float | None] = [None] * len(place)
    for at, value in points:
        values[place[at]] = round(value, 2)
    return {
        "label": label,
        "data": values,
        "borderColor": colour,
        "backgroundColor": colour,
        "borderWidth": 2,
        "pointRadius": 3 if len(points) < 3 else 0,
        "tension": 0.2,
        "spanGaps": True,
    }


def _label(at: datetime, times: Sequence[datetime], zone: str) -> str:
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%H:%M}" if (times[-1] - times[0]).days < 1 else f"{local:%d %b %H:%M}"


def options(unit: str, *, stacked: bool, legend: bool, shapes: bool = False) -> str:
    """Chart.js options of a chart whose vertical axis is in `unit`; `shapes`: the legend draws lines and dots."""
    return json.dumps(
        {
            "responsive": True,
            "maintainAspectRatio": False,
            "animation": False,
            "interaction": {"mode": "index", "intersect": False},
            "plugins": {
                "legend": {
                    "display": legend,
                    "position": "bottom",
                    "labels": {"boxWidth": 10, "color": _INK, "boxHeight": 8, "usePointStyle": shapes},
                }
            },
            "scales": {
                "x": {
                    "stacked": stacked,
                    "grid": {"display": False},
                    "ticks": {"maxTicksLimit": 4, "maxRotation": 0, "color": _INK},
                },
                "y": {
                    "stacked": stacked,
                    "beginAtZero": True,
                    "grid": {},
                    "ticks": {"maxTicksLimit": 5, "color": _INK, **({"precision": 0} if stacked else {})},
                    "title": {"display": bool(unit), "text": unit, "color": _INK},
                },
            },
        }
    )
