"""How drawings of our papers look; they are SVG, made offline."""

from collections.abc import Mapping
from functools import cache

import altair as alt
import vl_convert

from schoolkeeper.reporting.glyphs import FAMILY, font_folder

# The HTML page finds these by value and exchanges them in the dark: see the style sheet of the status report.
INK, FAINT, LINE = "#27303f", "#5d6878", "#d5dbe3"


def svg(chart: alt.LayerChart | alt.FacetChart, padding: Mapping[str, int]) -> str:
    """The chart in our font and colours, with so many pixels around it (left, right, top, bottom)."""
    _fonts()
    styled = chart.configure(
        font=f"{FAMILY}, system-ui, sans-serif",
        background="transparent",
        padding=dict(padding),
        view=alt.ViewConfig(stroke=None),
        axis=alt.AxisConfig(
            domainColor=LINE,
            gridColor=LINE,
            tickColor=LINE,
            labelColor=FAINT,
            titleColor=FAINT,
            labelFontSize=11,
            titleFontSize=11,
            titleFontWeight="normal",
        ),
        axisX=alt.AxisConfig(grid=False),
        legend=alt.LegendConfig(labelColor=INK, labelFontSize=11),
        text=alt.MarkConfig(color=INK),
    )
    return vl_convert.vegalite_to_svg(styled.to_dict(), allowed_base_urls=[])


@cache
def _fonts() -> None:
    vl_convert.register_font_directory(str(font_folder()))
