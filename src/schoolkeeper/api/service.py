"""The REST API: its routers, and one description of all. Each address asks for the permission of its page."""

from ninja import NinjaAPI

from schoolkeeper.api import (
    academic,
    approvals,
    calendar_feeds,
    calendars,
    programme,
    runs,
    systems,
    window_series,
)
from schoolkeeper.api.access import Token
from schoolkeeper.api.inputs import Careful
from schoolkeeper.api.problems import explain

api = NinjaAPI(
    title="Schoolkeeper",
    version="1",
    description="Look at what Schoolkeeper knows, and ask for work. `schoolkeeper users token` makes a token.",
    auth=Token(),
    parser=Careful(),
    docs_url=None,  # its page would fetch scripts from elsewhere
    urls_namespace="api",
)
explain(api)
for part in (systems, runs, programme, calendars, window_series, academic, approvals, calendar_feeds):
    api.add_router("", part.router)
