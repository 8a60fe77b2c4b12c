"""A browser with one person in front of it."""

from __future__ import annotations

import random
import re
from types import TracebackType

import httpx

from smart_erp.traffic.pace import Pace

CSRF_COOKIE = "smart_erp_csrf"
SIGN_IN = "/sign-in/"


class Unexpected(Exception):
    """An answer with which this piece of work cannot go on; the visitor starts another one later."""


class Visitor:
    def __init__(self, url: str, username: str, password: str, pace: Pace, dice: random.Random) -> None:
        self.username = username
        self.password = password
        self.pace = pace
        self.dice = dice
        self.client = httpx.Client(
            base_url=url, timeout=10, follow_redirects=True, headers={"User-Agent": "SmartErpTraffic/1.0"}
        )

    def __enter__(self) -> Visitor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()

    def get(self, path: str, expect: int = 200) -> str:
        """Open a page and return its text; a page of another status ends the piece of work."""
        self.pace.wait()
        return self._read(self.client.get(path), expect)

    def post(self, path: str, data: dict[str, str], file: tuple[str, bytes, str] | None = None) -> str:
        self.pace.wait()
        token = self.client.cookies.get(CSRF_COOKIE) or ""
        response = self.client.post(
            path,
            data=data | {"csrfmiddlewaretoken": token},
            files={"file": file} if file else None,
            headers={"Referer": str(self.client.base_url.join(path))},
        )
        return self._read(response)

    def _read(self, response: httpx.Response, expect: int = 200) -> str:
        self.pace.count(str(response.status_code))
        if response.status_code != expect:
            raise Unexpected(f"{response.status_code} from {response.url.path}")
        return response.text

    def sign_in(self, password: str | None = None) -> bool:
        """Sign in; True if it worked. A wrong password shows the form again with status 200."""
        self.client.cookies.delete("smart_erp_session")
        self.get(SIGN_IN)
        page = self.post(SIGN_IN, {"username": self.username, "password": password or self.password, "next": ""})
        signed_in = 'action="/sign-out/"' in page
        self.pace.count("signed in" if signed_in else "sign-in refused")
        return signed_in

    def sign_out(self) -> None:
        self.post("/sign-out/", {})

    def one_of(self, pattern: str, page: str) -> str:
        """A link, or whatever else the pattern's group finds on the page, chosen at random."""
        found = sorted(set(re.findall(pattern, page)))
        if not found:
            raise Unexpected(f"nothing like {pattern} on the page")
        return str(self.dice.choice(found))
