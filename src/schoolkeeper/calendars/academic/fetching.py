"""Getting a calendar's text from an address or a file, within limits.

Private addresses and this machine itself are allowed, because that is where a school's own calendar server stands.
What keeps this from being misused: only people who may change the calendar name addresses; only https with a
certificate that is trusted, again after each redirect, which neither a cloud's metadata service nor most of what
listens inside offers; link-local addresses and those that belong to nobody are refused; and of the answer nothing
is shown that is no event.
"""

import socket
import ssl
import time
from ipaddress import ip_address
from pathlib import Path

import httpx

from schoolkeeper.calendars.academic.lines import LONGEST
from schoolkeeper.kernel.errors import Unreachable

MOST_BYTES = LONGEST
TIMEOUT_SECONDS, CONNECT_SECONDS = 30.0, 5.0
MOST_REDIRECTS = 3


def fault_of(address: str) -> str:
    """What is wrong with an address, in one sentence; empty when it may be tried."""
    if address.startswith("/"):
        return ""
    try:
        url = httpx.URL(_https(address))
    except httpx.InvalidURL:
        return "address: write https://… or the full path of a file"
    if url.scheme != "https" or not url.host:
        return (
            "address: write https://… (encrypted, so that nobody on the way moves an exam) or a file's full path"
        )
    if url.userinfo:
        return (
            "address: it carries an account, which everybody could read here; use the calendar's private address"
        )
    return ""


def fetch(address: str) -> str:
    """The text behind an address (https, webcal) or a file's full path. Raises Unreachable saying why not."""
    return _decoded(_file(Path(address)) if address.startswith("/") else _page(_https(address)))


def _https(address: str) -> str:
    """The scheme `webcal` is what calendars publish so that a click subscribes to them: https by another name."""
    return "https://" + address.removeprefix("webcal://") if address.startswith("webcal://") else address


def _file(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise Unreachable("calendar", f"{path} is no file")
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise Unreachable("calendar", f"{path}: {error.strerror}") from error
    return _bounded(content)


def _page(address: str) -> bytes:
    deadline = time.perf_counter() + TIMEOUT_SECONDS
    try:
        with httpx.Client(verify=_trusting(), trust_env=False, follow_redirects=False) as client:
            request = client.build_request("GET", address, headers={"Accept": "text/calendar, */*;q=0.1"})
            for _ in range(MOST_REDIRECTS + 1):
                _check(request.url)
                response, content = _exchange(client, request, deadline)
                if response.next_request is None:
                    break
                request = response.next_request
            else:
                raise Unreachable("calendar", f"it redirects more than {MOST_REDIRECTS} times")
    except (httpx.RequestError, httpx.InvalidURL) as error:
        raise Unreachable("calendar", _reason(error)) from error
    if response.status_code != 200:
        raise Unreachable("calendar", f"the server answers {response.status_code} instead of a calendar")
    return _bounded(content)


def _exchange(client: httpx.Client, request: httpx.Request, deadline: float) -> tuple[httpx.Response, bytes]:
    """One question and its answer, whole by `deadline`, a slow trickle included."""
    left_seconds = max(deadline - time.perf_counter(), 0.001)
    timeout = httpx.Timeout(left_seconds, connect=min(left_seconds, CONNECT_SECONDS))
    request.extensions = {**request.extensions, "timeout": timeout.as_dict()}
    response = client.send(request, stream=True)
    try:
        content = bytearray()
        for piece in response.iter_bytes():
            content += piece
            if time.perf_counter() > deadline:
                raise httpx.ReadTimeout("the answer trickles", request=request)
            if len(content) > MOST_BYTES:
                break
        return response, bytes(content)
    finally:
        response.close()


def _check(url: httpx.URL) -> None:
    """Refuse what is not encrypted, and addresses at which no calendar server can be."""
    if url.scheme != "https":
        raise Unreachable("calendar", f"it redirects to {url.scheme}, which is not encrypted")
    try:
        found = socket.getaddrinfo(url.host, url.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable("calendar", f"the name {url.host} is not known") from error
    for _, _, _, _, place in found:
        address = ip_address(str(place[0]).partition("%")[0])
        if address.is_link_local or address.is_multicast or address.is_unspecified:
            raise Unreachable("calendar", f"{url.host} is at {address}, where no calendar server can be")


def _trusting() -> ssl.SSLContext:
    """The machine's own trust store, to which a school adds its own authority, and the well-known one."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


def _reason(error: Exception) -> str:
    root: BaseException = error
    while (inner := root.__cause__ or root.__context__) is not None:
        root = inner
    match root:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted ({root.verify_message})"
        case ssl.SSLError():
            return f"the encrypted connection failed ({root.reason})"
    if isinstance(error, httpx.TimeoutException):
        return f"there was no whole answer within {TIMEOUT_SECONDS:.0f} s"
    says = (root.strerror if isinstance(root, OSError) else None) or type(error).__name__
    return f"no connection: {says}"


def _bounded(content: bytes) -> bytes:
    if len(content) > MOST_BYTES:
        raise Unreachable("calendar", f"it is larger than {MOST_BYTES / 1_000_000:.0f} MB; export fewer years")
    return content


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise Unreachable("calendar", f"line {line} is no UTF-8, which iCalendar is written in") from error
