"""The format of a profile: what is the same for every deployment of one ERP product.

A profile brings queries with named result columns, never table names for our code to build on, because no
two ERPs agree on who is a user, where a session lives or what a time means.
"""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator


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
    activity: str = Field(
        "", description="Columns hour (or a quarter of one: not every zone is off by whole hours), actions"
    )


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


PLACE = re.compile(r"\{(\w+)\}")
PLACES = {
    "python": "the interpreter that runs Schoolkeeper",
    "home": "the folder made for the rehearsal: what the folders below and the code are placed in",
    "code": "where the code lies",
    "port": "the port of the loopback address to listen on",
    "url": "the address of the copy's pages",
    "version": "what the query version.database answers on the copy",
    "database": "the address of the copy's database, with its password, as a URL",
    "database_host": "its parts, for products that want them one by one",
    "database_port": "",
    "database_name": "",
    "database_user": "",
    "database_password": "",
}
"""What `{name}` stands for in the texts of a rehearsal, besides the names of `folders`."""
SECRET_PLACES = {"database", "database_password"}


def _below(path: str) -> str:
    if path.startswith("/") or ".." in path.split("/") or not path.strip("./"):
        raise ValueError("this is a path below a folder: no / at its beginning, no .. in it")
    return path


def _expression(text: str) -> str:
    if re.compile(text).groups != 1:
        raise ValueError("this expression needs exactly one group: what is replaced")
    return text


Below = Annotated[str, AfterValidator(_below)]


class Place(Part):
    """A file or folder of a restored component; `code` is the component of the code."""

    component: str
    path: Below


class Substitution(Place):
    """A text in a configuration file of the copy that is replaced before the copy starts."""

    pattern: Annotated[str, AfterValidator(_expression)] = Field(
        description="Regular expression with one group, replaced wherever it is found; ^ and $ match at lines"
    )
    by: str = Field(description="What comes in its place; may use the places")


class Neutralise(Part):
    """What keeps a copy from acting on the world: mail, payments, webhooks, scheduled jobs, addresses.

    What `backup.addresses` finds is replaced by the copy's own address without being named here again.
    """

    sql: list[str] = Field([], description="Statements on the copy's database, all or none of them")
    substitute: list[Substitution] = []
    remove: list[Place] = Field([], description="What the copy starts without, such as a flag of maintenance")


class SignIn(Part):
    """An account made on the copy for the journey, with a password that is made anew for each rehearsal.

    Without it the journey uses the account of the `web` component.
    """

    username: str = Field("schoolkeeper-rehearsal", pattern=r"^[\w.@+-]+$")
    sql: list[str] = Field(
        min_length=1,
        description="Statements that make it; {username}, {password} and {password_hash} stand for safe texts "
        "without quotes. It may be there already",
    )
    hash: Literal["django", "passlib", "none"] = Field(
        "none",
        description="How {password_hash} is made: Django's pbkdf2_sha256, passlib's pbkdf2-sha512 (Odoo); "
        "`none` where the SQL itself makes it from {password}",
    )


class Rehearsal(Part):
    """How the product's restored code is started against a restored copy, so that it can be walked through.

    `run`, `environment`, `required` and `substitute` may use the places (see PLACES) and the names of `folders`.
    """

    run: list[str] = Field(
        min_length=1, description="The program, begun in {home}; a password has no place here: all may read it"
    )
    environment: dict[str, str] = Field({}, description="Its environment; PATH, HOME and TMPDIR are there already")
    code_folder: Below = Field("code", description="Where the code lies below {home}")
    folders: dict[str, Below] = Field({}, description="Where `files` components lie below {home}")
    required: list[str] = Field(
        [], description="Files without which it is not started, because the product would make new ones itself"
    )
    ready: str = Field("/", description="The path that answers with a status below 500 when it is up")
    start_timeout_seconds: float = Field(120, gt=0)
    logs: list[Below] = Field([], description="Log files below {home} whose last lines explain a failure")
    neutralise: Neutralise = Neutralise()
    sign_in: SignIn | None = None
    signed_in_after: str = Field(
        "",
        description="The journey's step after which one is signed in: golden pages are asked for there. "
        "Empty: after the last step",
    )

    @model_validator(mode="after")
    def _places_are_known(self) -> Self:
        known = PLACES.keys() | self.folders.keys()
        texts = [*self.run, *self.environment.values(), *self.required]
        used = {
            name
            for text in [*texts, *(one.by for one in self.neutralise.substitute)]
            for name in PLACE.findall(text)
        }
        if used - known:
            raise ValueError(f"unknown places: {', '.join(sorted(used - known))}")
        if SECRET_PLACES & {name for text in self.run for name in PLACE.findall(text)}:
            raise ValueError("`run` shows in the process list: hand the password over in `environment` or a file")
        return self


class Golden(Part):
    """A few records that are remembered with each set and looked for in the copy: in its rows and in its pages.

    The query must pick the same records each time, by the order of a key, and write their values as the pages
    show them.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9 -]*$")
    query: str = Field(description="A few rows (at most 50), the same on the running database and on the copy")
    path: str = Field("", description="A page of the copy for each row; `{column}` is filled from the row")
    contains: list[str] = Field([], description="Texts that the page must show, filled in the same way")


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
    rehearsal: Rehearsal | None = Field(None, description="How a restored copy is started; None: not yet known")
    golden: list[Golden] = []

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        names = [golden.name for golden in self.golden]
        if len(set(names)) < len(names):
            raise ValueError("golden: two have the same name")
        steps = {step.name for step in self.web.journey}
        if self.rehearsal and self.rehearsal.signed_in_after and self.rehearsal.signed_in_after not in steps:
            raise ValueError(
                f"rehearsal.signed_in_after: the journey has no step {self.rehearsal.signed_in_after!r}"
            )
        return self
