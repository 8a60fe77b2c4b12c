"""Looking at a web application as its users reach it, and measuring how long it takes."""

import html
import re
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Self
from urllib.parse import quote

import httpx
from cryptography import x509

from schoolkeeper.connectors.secrets import resolve
from schoolkeeper.connectors.web.component import WebComponent
from schoolkeeper.kernel.errors import Unreachable
from schoolkeeper.profiles.model import Answer, JourneyStep

TIMEOUT_SECONDS = 10.0
CONNECT_SECONDS = 5.0
BODY_LIMIT_BYTES = 1_000_000
MOST_REDIRECTS = 5
_PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Page:
    """One answer. `elapsed_ms` runs from the question to the last byte, redirects included; `body` is the
    first million bytes as text. Body and headers may hold personal data: printing leaves them out."""

    status: int
    elapsed_ms: float
    body: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def fault(self, wanted: Answer, contains: str | None = None) -> str:
        """Why this is not the wanted answer, "" when it is.

        `contains` is the wanted text with its places filled: it is compared, but the message quotes the
        unfilled one, because what fills it may be a secret.
        """
        if self.status not in wanted.status:
            return f"it answered {self.status} instead of {' or '.join(map(str, wanted.status))}"
        if (wanted.contains if contains is None else contains) not in self.body:
            return f"the page lacks the text {wanted.contains!r}"
        if wanted.lacks and wanted.lacks in self.body:
            return f"the page shows the text {wanted.lacks!r}"
        return ""


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The machine was reached, but the web server gave no whole answer: we looked, and it fails."""

    reason: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """The server's certificate. `problem` says why a browser would warn of it, "" when it would not."""

    expires_at: datetime
    problem: str


@dataclass(frozen=True, slots=True)
class Walked:
    """One finished step of a journey."""

    name: str
    elapsed_ms: float


@dataclass(frozen=True, slots=True)
class Journey:
    """The steps that were finished and, where one broke, its name, the reason and what it answered."""

    steps: tuple[Walked, ...]
    broken_at: str = ""
    problem: str = ""
    answer: Page | NoAnswer | None = field(default=None, repr=False)


class WebLook:
    """Asks for pages. Proxies, netrc files and cookies of the worker's account play no part in it."""

    def __init__(self, name: str, component: WebComponent) -> None:
        self.name = name
        self._component = component
        self._url = httpx.URL(str(component.url))
        self._anonymous: httpx.Client | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._anonymous is not None:
            self._anonymous.close()

    def get(self, path: str, headers: Mapping[str, str]) -> Page | NoAnswer:
        """One page, asked for without signing in.

        A certificate that is not trusted does not hide the page (`certificate` reports it). Redirects are
        followed within the same origin only. Raises Unreachable when the machine could not be reached: an
        unknown name, no route, no connection in time.
        """
        if self._anonymous is None:
            self._anonymous = self._client(_unchecked())
        self._anonymous.cookies.clear()
        return self._ask(self._anonymous, self._request(self._anonymous, "GET", path, headers))

    def certificate(self) -> Certificate | None:
        """The server's certificate; None where the address is not https. Raises Unreachable."""
        if self._url.scheme != "https":
            return None
        encoded = self._handshake(_unchecked())
        if encoded is None:
            raise Unreachable(self.name, "the server shows no certificate")
        problem = ""
        try:
            self._handshake(self._trusting)
        except ssl.SSLCertVerificationError as error:
            problem = error.verify_message
        return Certificate(x509.load_der_x509_certificate(encoded).not_valid_after_utc, problem)

    def journey(self, steps: Sequence[JourneyStep], headers: Mapping[str, str]) -> Journey:
        """Walk through pages as a signed-in user and stop at the first that is not as wanted.

        Nothing is sent to a server whose certificate is not trusted. Raises Unreachable like `get`, and when
        the steps need an account that the definition lacks.
        """
        values = self._account(steps)
        walked: list[Walked] = []
        with self._client(self._trusting) as client:
            asked = dict(headers)
            for step in steps:
                path = _fill_path(step.path, values)
                request = self._request(client, step.method, path, asked, _form(step, values))
                page = self._ask(client, request)
                problem = _outcome(step, page, values)
                if problem or isinstance(page, NoAnswer):
                    return Journey(tuple(walked), step.name, problem, page)
                walked.append(Walked(step.name, page.elapsed_ms))
                # Frameworks check where a form came from before they accept it.
                asked = {**headers, "Referer": str(request.url)}
        return Journey(tuple(walked))

    @cached_property
    def _trusting(self) -> ssl.SSLContext:
        """The machine's own trust store, to which a school adds its own authority, and the well-known one."""
        if self._url.scheme == "http":
            return _unchecked()  # never used, and loading a trust store takes a while
        context = httpx.create_ssl_context(trust_env=False)
        context.load_default_certs()
        return context

    def _client(self, context: ssl.SSLContext) -> httpx.Client:
        return httpx.Client(base_url=self._url, verify=context, trust_env=False, follow_redirects=False)

    def _account(self, steps: Sequence[JourneyStep]) -> dict[str, str]:
        texts = [text for step in steps for text in (step.path, step.contains, *step.form.values())]
        needed = {name for text in texts for name in _PLACE.findall(text)} & {"username", "password"}
        values: dict[str, str] = {}
        for name in sorted(needed):
            value = getattr(self._component, name)
            if value is None:
                raise Unreachable(self.name, f"the definition has no {name} for the signed-in journey")
            values[name] = resolve(value, self.name) if name == "password" else value
        return values

    def _request(
        self,
        client: httpx.Client,
        method: str,
        path: str,
        headers: Mapping[str, str],
        form: dict[str, str] | None = None,
    ) -> httpx.Request:
        try:
            return client.build_request(method, path, headers=dict(headers), data=form)
        except httpx.InvalidURL as error:
            raise Unreachable(self.name, f"{path} is no address: {error}") from error

    def _ask(self, client: httpx.Client, request: httpx.Request) -> Page | NoAnswer:
        started = time.perf_counter()
        try:
            for _ in range(MOST_REDIRECTS + 1):
                response, body = _exchange(client, request, started + TIMEOUT_SECONDS)
                following = response.next_request
                if following is None or _origin(following.url) != _origin(request.url):
                    break
                request = following
        except httpx.RequestError as error:
            return self._meaning(error)
        elapsed_ms = (time.perf_counter() - started) * 1000
        text = body.decode(response.encoding or "utf-8", errors="replace")
        return Page(response.status_code, elapsed_ms, text, dict(response.headers))

    def _meaning(self, error: httpx.RequestError) -> NoAnswer:
        """Tells a server that fails from one that we could not reach; raises Unreachable for the second."""
        match root := _root(error):
            case ConnectionRefusedError():
                return NoAnswer("the connection was refused")
            case ssl.SSLCertVerificationError():
                return NoAnswer(f"its certificate is not trusted ({root.verify_message}), and so not used")
            case ssl.SSLError():
                return NoAnswer(f"the encrypted connection failed ({root.reason})")
        match error:
            case httpx.ConnectTimeout():
                slow = f"no connection to {self._url.host} within {CONNECT_SECONDS:.0f} s"
                raise Unreachable(self.name, slow)
            case httpx.ConnectError():
                says = (root.strerror if isinstance(root, OSError) else None) or str(error)
                raise Unreachable(self.name, f"no connection to {self._url.host}: {says}")
            case httpx.TimeoutException():
                return NoAnswer(f"there was no whole answer within {TIMEOUT_SECONDS:.0f} s")
            case _:
                return NoAnswer(f"the connection ended without a whole answer ({type(error).__name__})")

    def _handshake(self, context: ssl.SSLContext) -> bytes | None:
        """The certificate, DER-encoded. Raises ssl.SSLCertVerificationError, and Unreachable for the rest."""
        host = self._url.host
        try:
            with (
                socket.create_connection((host, self._url.port or 443), CONNECT_SECONDS) as plain,
                context.wrap_socket(plain, server_hostname=host) as secured,
            ):
                return secured.getpeercert(binary_form=True)
        except ssl.SSLCertVerificationError:
            raise
        except OSError as error:
            says = f"no encrypted connection to {host}: {error.strerror or error}"
            raise Unreachable(self.name, says) from error


def _unchecked() -> ssl.SSLContext:
    """For questions that carry no secret: an expired certificate must not hide whether the pages work."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _exchange(client: httpx.Client, request: httpx.Request, deadline: float) -> tuple[httpx.Response, bytes]:
    """One question and its answer, whole by `deadline`, a slow trickle included."""
    remaining_seconds = max(deadline - time.perf_counter(), 0.001)
    timeout = httpx.Timeout(remaining_seconds, connect=min(remaining_seconds, CONNECT_SECONDS))
    request.extensions = {**request.extensions, "timeout": timeout.as_dict()}
    response = client.send(request, stream=True)
    try:
        body = bytearray()
        for piece in response.iter_bytes():
            body += piece
            if time.perf_counter() > deadline:
                raise httpx.ReadTimeout("the answer trickles", request=request)
            if len(body) >= BODY_LIMIT_BYTES:
                break
        return response, bytes(body[:BODY_LIMIT_BYTES])
    finally:
        response.close()


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _root(error: BaseException) -> BaseException:
    """The error that the others were made of."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return error


def _fill(text: str, values: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda place: values.get(place[1], place[0]), text)


def _fill_path(path: str, values: Mapping[str, str]) -> str:
    return _fill(path, {name: quote(value, safe="") for name, value in values.items()})


def _form(step: JourneyStep, values: Mapping[str, str]) -> dict[str, str] | None:
    if step.method == "GET":
        return None
    return {name: _fill(value, values) for name, value in step.form.items()}


def _outcome(step: JourneyStep, page: Page | NoAnswer, values: dict[str, str]) -> str:
    """Why the step is broken, "" when it is not; what it captures is added to `values`."""
    if isinstance(page, NoAnswer):
        return page.reason
    if fault := page.fault(step, _fill(step.contains, values)):
        return fault
    for name, pattern in step.capture.items():
        found = re.search(pattern, page.body)
        if found is None:
            return f"the page has nothing to take {name!r} from"
        values[name] = html.unescape(found[1])
    return ""
