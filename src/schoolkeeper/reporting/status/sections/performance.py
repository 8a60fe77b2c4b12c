"""Performance metrics: lines, and their spread compared with the period before."""

from __future__ import annotations

from collections.abc import Iterator

from schoolkeeper.reporting.status import charts
from schoolkeeper.reporting.status.collect import Status
from schoolkeeper.reporting.status.paper import Block, Cell, Column, Figure, Figures, Note, Section, Table
from schoolkeeper.reporting.status.performance import Metric, Performance, Series
from schoolkeeper.reporting.status.wording import count, days, listed, value

_MOST_ROWS = 8


def section(status: Status) -> Section:
    return Section("performance", "Performance metrics", list(_blocks(status)))


def _blocks(status: Status) -> Iterator[Block]:
    measured = [performance for performance in status.performance if performance.series]
    if not measured:
        yield Note("Nothing was measured in this period.", "unknown")
        return
    yield Figures(
        [
            Figure(_title(performance), charts.lines(performance, status.period), _in_words(performance))
            for performance in measured
        ]
    )
    missing = [performance.metric.title.lower() for performance in status.performance if not performance.series]
    if missing:
        yield Note(f"Not measured in this period: {listed(missing)}.", "unknown")
    before = days(status.period.before, status.period.first.fromordinal(status.period.first.toordinal() - 1))
    yield Table(
        title="Lowest, middle and highest value",
        columns=(
            Column("Measured", 2.2),
            Column("Of", 2.2),
            *(Column(name, 1, is_number=True) for name in ("Values", "Lowest", "Median", "Highest")),
            Column("Before", 1.2, is_number=True),
            Column("Change", 1.2, is_number=True),
        ),
        rows=[row for performance in measured for row in _rows(performance)],
        empty="Nothing was measured.",
    )
    yield Note(f"“Before” is the median of {before}, and “Change” how it moved since.")


def _title(performance: Performance) -> str:
    more = len(performance.series) - charts.MOST_LINES
    return performance.metric.title + (
        f" (the highest {charts.MOST_LINES} of {more + charts.MOST_LINES})" if more > 0 else ""
    )


def _in_words(performance: Performance) -> str:
    unit = f" {performance.metric.unit}" if performance.metric.unit else ""
    of = performance.metric
    return "; ".join(
        f"{series.subject + ': ' if series.subject else ''}median {_shown(series.now.median, of)}{unit}, "
        f"highest {_shown(series.now.highest, of)}{unit}"
        for series in performance.series[: charts.MOST_LINES]
    )


def _rows(performance: Performance) -> Iterator[list[Cell]]:
    metric = performance.metric
    label = metric.title + (f" ({metric.unit})" if metric.unit else "")
    for series in performance.series[:_MOST_ROWS]:
        now, before = series.now, series.before
        yield [
            Cell(label),
            Cell(series.subject or "–"),
            Cell(f"{now.count:,}"),
            *(Cell(_shown(one, metric)) for one in (now.lowest, now.median, now.highest)),
            Cell(_shown(before.median, metric) if before else "–"),
            Cell(change(series, metric)),
        ]
    more = len(performance.series) - _MOST_ROWS
    if more > 0:
        yield [Cell(label), Cell(f"{count(more, 'more subject')}, all lower"), *(Cell("") for _ in range(6))]


def _shown(measured: float, metric: Metric) -> str:
    """What has no unit is counted, and counts are whole unless they lie between two."""
    return f"{measured:,.0f}" if not metric.unit and measured.is_integer() else value(measured)


def change(series: Series, metric: Metric) -> str:
    """How the median moved: percentages in points, everything else in percent of what it was."""
    if series.before is None:
        return "–"
    difference = series.now.median - series.before.median
    if metric.unit == "%":
        return f"{difference:+.1f} points" if abs(difference) >= 0.05 else "none"
    if not series.before.median:
        return f"{difference:+,.1f}" if difference else "none"
    percent = 100 * difference / series.before.median
    return f"{percent:+,.0f} %" if abs(percent) >= 0.5 else "none"
