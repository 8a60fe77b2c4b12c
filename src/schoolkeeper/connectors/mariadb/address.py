"""Connection addresses: mysql://user:password@host:port/database, or mariadb://."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, quote, unquote, urlsplit

DEFAULT_PORT = 3306
NOT_WELL_FORMED = (
    "its connection address is not well-formed: write mysql://user:password@host:port/database, "
    "with special characters percent-encoded"
)
_URL = re.compile(r"(?:mysql|mariadb)://(?:[^@/?#]*@)?[^@/?#]*/[^@/?#]+(?:\?[^#]*)?")
_OPTIONS = {"ssl-ca", "socket"}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database is and how to sign in. `ca` is a file of certificate authorities: with it the server must
    prove who it is. `socket` is the path of a local socket, which goes before host and port."""

    host: str
    port: int
    user: str
    database: str
    password: str = field(default="", repr=False)
    ca: str = ""
    socket: str = ""

    def url(self) -> str:
        """The address as text, with its password."""
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"mysql://{login}@{host}:{self.port}/{quote(self.database, safe='')}"


def parsed(dsn: str) -> Address:
    """The parts of a connection address; the options `ssl-ca` and `socket` are file paths.

    Raises ValueError with a text that quotes none of it: any part of a badly written address may be a secret.
    """
    if not _URL.fullmatch(dsn):
        raise ValueError(NOT_WELL_FORMED)
    try:
        url = urlsplit(dsn)
        port = url.port or DEFAULT_PORT
        options = _options(url.query)
        return Address(
            host=url.hostname or "localhost",
            port=port,
            user=unquote(url.username or "", errors="strict"),
            password=unquote(url.password or "", errors="strict"),
            database=unquote(url.path.removeprefix("/"), errors="strict"),
            ca=options.get("ssl-ca", ""),
            socket=options.get("socket", ""),
        )
    except ValueError:  # also of a port that is no number and of bytes that are no UTF-8
        raise ValueError(NOT_WELL_FORMED) from None


def _options(query: str) -> Mapping[str, str]:
    options = {name: values[-1] for name, values in parse_qs(query, strict_parsing=bool(query)).items()}
    if options.keys() - _OPTIONS:
        raise ValueError("unknown option")
    return options
