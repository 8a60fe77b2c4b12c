"""A system in our care, as far as reaching it goes."""

import re
from datetime import timedelta
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from schoolkeeper.connectors.component import Component
from schoolkeeper.connectors.engines.barman.component import BarmanComponent
from schoolkeeper.connectors.engines.pgbackrest.component import PgbackrestComponent
from schoolkeeper.connectors.engines.restic.component import ResticComponent
from schoolkeeper.connectors.files.component import FilesComponent
from schoolkeeper.connectors.host.component import HostComponent
from schoolkeeper.connectors.logs.component import LogsComponent
from schoolkeeper.connectors.mariadb.component import MariadbComponent
from schoolkeeper.connectors.postgres.component import PostgresComponent
from schoolkeeper.connectors.sqlite.component import SqliteComponent
from schoolkeeper.connectors.store.component import StoreComponent
from schoolkeeper.connectors.web.component import WebComponent

AnyComponent = Annotated[
    PostgresComponent
    | MariadbComponent
    | SqliteComponent
    | WebComponent
    | HostComponent
    | FilesComponent
    | LogsComponent
    | StoreComponent
    | ResticComponent
    | PgbackrestComponent
    | BarmanComponent,
    Field(discriminator="kind"),
]
_EVERY: tuple[type[Component], ...] = get_args(get_args(AnyComponent)[0])

# Every component kind that a definition may name.
KINDS = frozenset(get_args(kind.model_fields["kind"].annotation)[0] for kind in _EVERY)
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def _duration(text: object) -> object:
    if isinstance(text, str) and (match := re.fullmatch(r"(\d+)([mhd])", text)):
        return timedelta(**{_UNITS[match[2]]: int(match[1])})
    if isinstance(text, timedelta) or (isinstance(text, str) and text.startswith("P")):
        return text
    raise ValueError('write a number and a unit: "30m", "24h" or "7d"')


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{name!r} is no IANA time zone; write one like Asia/Tashkent") from error
    return name


def _slug(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", text):
        raise ValueError("use small letters, digits and hyphens, at most 63")
    return text


Duration = Annotated[timedelta, BeforeValidator(_duration)]


class System(BaseModel):
    """One deployment of an ERP. `slug` is its identity: a restore must name it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    slug: Annotated[str, AfterValidator(_slug)]
    name: str = Field(min_length=1)
    institution: str = ""
    profile: str
    environment: Literal["production", "staging", "scratch"]
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    rpo: Duration = timedelta(hours=24)
    rto: Duration = timedelta(hours=4)
    components: dict[str, AnyComponent] = Field(default_factory=dict)

    @property
    def hosts(self) -> frozenset[str]:
        """The machines that it runs on, as the definition calls them."""
        return frozenset(one.address for one in self.components.values() if isinstance(one, HostComponent))
