"""Starting the restored ERP on the restored copy, signing in, and finding the records that production showed."""

import json

from schoolkeeper.catalogue.backup.drill.scratch import Found, Rehearsal
from schoolkeeper.connectors.databases.fault import Fault
from schoolkeeper.connectors.rehearsal.golden import GoldenRows
from schoolkeeper.connectors.rehearsal.rehearsing import Rehearsed, rehearse
from schoolkeeper.connectors.restored import Unusable, opening
from schoolkeeper.connectors.web.component import WebComponent

CODE = "code"


def start(rehearsal: Rehearsal) -> Found:
    """The last phase, because it changes the copy: what would act on the world is switched off in it."""
    profile = rehearsal.act.look.profile
    if profile.rehearsal is None and not profile.golden:
        found = "its profile does not say how it is started"
        return Found(faults=[Fault(code="not_started", subject=profile.title, found=found, level="info")])
    try:
        saved = _golden(rehearsal)
    except Unusable as error:
        return Found(faults=[error.fault])
    folders = {part.component: rehearsal.folder_of(part.component) for part in rehearsal.manifest.files}
    code = folders.pop(CODE, rehearsal.folder_of(CODE))
    web = rehearsal.act.system.components.get("web")
    with rehearsal.server() as server:
        rehearsed = rehearse(
            code,
            folders,
            server.address(),
            profile,
            saved,
            rehearsal.act.workspace,
            web if isinstance(web, WebComponent) else None,
        )
    return Found(rehearsed.counts, [*rehearsed.faults, *_isolation(rehearsed)], _seconds(rehearsed))


def _golden(rehearsal: Rehearsal) -> GoldenRows:
    part = rehearsal.manifest.database.golden
    if part is None:
        return {}
    with opening("the golden records"):
        rows: GoldenRows = json.loads(rehearsal.store.open(part))
    return rows


def _isolation(rehearsed: Rehearsed) -> list[Fault]:
    if rehearsed.isolated is not False:
        return []
    return [Fault(code="not_isolated", subject="ERP", found=rehearsed.why, level="warning")]


def _seconds(rehearsed: Rehearsed) -> dict[str, float]:
    started = {} if rehearsed.seconds_to_start is None else {"start": rehearsed.seconds_to_start}
    return {**started, "walk": rehearsed.seconds_to_walk}
