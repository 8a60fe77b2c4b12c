"""The status report of one system over a day, a week or a month, as PDF and as HTML.

`collect` reads the records, `content` puts them into sentences and tables (a `Paper`), `html` and `pdf` show
that. Same records and same time give the same bytes.
"""

from datetime import datetime
from pathlib import Path

from schoolkeeper.reporting.status import collect, content, html, pdf
from schoolkeeper.reporting.status.period import Length

__all__ = ["write_status_report"]


def write_status_report(system_slug: str, period: Length, folder: Path, now: datetime) -> list[Path]:
    """Write `status-<slug>-<from>--<to>.pdf` and `.html` into the folder; their paths.

    The period ends with the day of `now` in the system's zone. Raises Invalid for an unknown system or period,
    or a `now` without a zone; OSError when the folder cannot be written.
    """
    status = collect.collect(system_slug, period, now)
    paper = content.paper(status)
    name = f"status-{system_slug}-{status.period.first.isoformat()}--{status.period.last.isoformat()}"
    written = {folder / f"{name}.pdf": pdf.render(paper), folder / f"{name}.html": html.render(paper)}
    folder.mkdir(parents=True, exist_ok=True)
    for path, data in written.items():
        path.write_bytes(data)
    return list(written)
