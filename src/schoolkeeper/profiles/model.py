"""The format of a profile: what is the same for every deployment of one ERP product.

A profile brings queries with named result columns, never table names for our code to build on, because no
two ERPs agree on who is a user, where a session lives or what a time means.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    """Base of everything in a profile: unknown keys are faults, so that a typing error is found."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Answer(Part):
    """What an answer of the web application must look like. HTTP status alone is not health."""

    status: list[int] = [200]
    contains: str = Field("", description="Text that must be in the body")
    lacks: str = Field("", description="Text that must not be in the body")


class Check(Answer):
    """One address to look at."""

    name: str
    path: str
    latency_warning_ms: int = 1000
    latency_error_ms: int = 5000


class JourneyStep(Answer):
    """One step of a signed-in journey. `{name}` in path, form and contains is filled from earlier captures and
    from the component's username and password."""

    name: str
    method: Literal["GET", "POST"] = "GET"
    path: str
    form: dict[str, str] = {}
    capture: dict[str, str] = Field({}, description="Name to a regular expression with one group, from the body")


class Web(Part):
    """How the web application is asked, and what "in maintenance" looks like there."""

    headers: dict[str, str] = {}
    checks: list[Check] = []
    maintenance: Answer | None = None
    journey: list[JourneyStep] = []
    migrates_on_request: bool = Field(
        False, description="A page load after new files are in place upgrades the schema: stop probes before"
    )


class Version(Part):
    """Where the version is written: in the database and in the code; after a file swap the two differ."""

    database: str = Field("", description="Query with the column `version`")
    web_path: str = Field("", description="An address that answers with JSON")
    web_field: str = Field("", description="The JSON field that holds the version of the code")
    file_component: str = Field("", description="A `files` component whose file names the version of the code")
    file_path: str = ""
    file_pattern: str = Field("", description="Regular expression with one group")


class Uploads(Part):
    """How the database names its files, so that a proof can look for each of them."""

    component: str = "uploads"
    query: str = Field(description="Columns `path` (relative), and `digest`, `size_bytes` (NULL where not kept)")
    algorithm: Literal["sha256", "sha1", "md5"] = "sha256"


class Assertion(Part):
    """Something that always holds in a sound database. Some may be broken rightly: hence the level."""

    code: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str
    level: Literal["info", "warning", "error"] = "error"
    query: str = Field(description="Rows that break it; none means that it holds")


class ExpiredRows(Part):
    """Rows that the product itself regards as dead, such as expired sessions."""

    name: str
    component: str = "database"
    table: str = Field(description="schema.table")
    where: str = Field(description="SQL condition; may use the parameter %(now)s")


class StaleFiles(Part):
    """Files that the product leaves behind."""

    name: str
    component: str
    pattern: str = "**/*"
    older_than_days: int = Field(ge=0)


class Cleanup(Part):
    rows: list[ExpiredRows] = []
    files: list[StaleFiles] = []


class LogFormat(Part):
    """How to read one log source.

    `line` is a regular expression that begins an entry, with the groups `time` and, where there are, `level`,
    `message`, `status`, `elapsed_ms`, `user`, `path`. Lines that do not begin an entry belong to the one before
    (a traceback) when `multiline` is true, and are counted as rejected when it is false.
    """

    kind: Literal["application", "access", "server", "database"]
    line: str
    time_format: str = Field(description="strptime format, or `iso`")
    multiline: bool = False
    error_levels: list[str] = ["ERROR", "CRITICAL", "FATAL", "PANIC"]
    error_status: int = Field(500, description="In access logs, statuses from here on are errors")


class Queries(Part):
    """Queries with named columns, each empty where the product has no answer."""

    users: str = Field("", description="Columns login, name, active, last_login_at")
    roles: str = Field("", description="Columns login, role")
    activity: str = Field("", description="Columns hour, actions")


class Times(Part):
    """What a time in the database means: epoch seconds, the site's zone unsaid, naive UTC, or with a zone."""

    stored_as: Literal["epoch", "site", "naive-utc", "zoned"] = "zoned"


class Command(Part):
    """A command of the product, run in the folder of its code."""

    run: list[str]
    counts: str = Field(
        "", description="Query with columns `what`, `rows`, asked before and after: such scripts can change data"
    )


class Commands(Part):
    """Commands of the product. Clearing a cache is the profile's command, never a guess."""

    maintenance_on: Command | None = None
    maintenance_off: Command | None = None
    clear_cache: Command | None = None


class Address(Part):
    """A place in a configuration file that makes a restored copy talk to production unless it is rewritten."""

    component: str
    path: str
    pattern: str = Field(description="Regular expression with one group: the address")


class Backup(Part):
    """What belongs to a backup set besides the database: names of `files` components, in this order."""

    files: list[str] = ["uploads", "configuration"]
    exclude: list[str] = Field([], description="Glob patterns of files that can be made again")
    server_settings: list[str] = Field(
        [], description="Settings of the database server that the product relies on and no dump carries"
    )
    addresses: list[Address] = Field([], description="Where the configuration says who the system is")


class Sessions(Part):
    """Where signed-in sessions live; only those in a table can be looked at with SQL."""

    stored_in: Literal["table", "redis", "files"] = "table"
    active: str = Field("", description="Query with the column `sessions`, for those in a table")


class Profile(Part):
    """What we know about one ERP product."""

    slug: str
    title: str
    notes: str = ""
    database: Literal["postgres", "mariadb"] = "postgres"
    times: Times = Times()
    web: Web = Web()
    version: Version = Version()
    queries: Queries = Queries()
    sessions: Sessions = Sessions()
    uploads: list[Uploads] = []
    integrity: list[Assertion] = []
    cleanup: Cleanup = Cleanup()
    logs: dict[str, LogFormat] = {}
    commands: Commands = Commands()
    backup: Backup = Backup()
