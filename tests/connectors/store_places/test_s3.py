"""What is particular to S3: faults in sentences, nothing taken from the environment, object lock."""

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
import time_machine

from schoolkeeper.connectors.store.places.s3 import S3Place
from schoolkeeper.connectors.store.places.s3_lock import FOREVER
from schoolkeeper.kernel.errors import Permanent, Temporary, Unreachable
from schoolkeeper.testing.servers import S3Server
from tests.connectors.store_places.conftest import s3_place

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
Answer = tuple[int, Mapping[str, str], str]


class Replies(ThreadingHTTPServer):
    """Answers every request with the next of `answers`, the last one for ever; keeps what was asked."""

    def __init__(self, *answers: Answer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = list(answers)
        self.asked: list[tuple[str, str, Mapping[str, str]]] = []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Replies

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.command, self.path, dict(self.headers)))
        answers = self.server.answers
        status, headers, body = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body.encode())

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _answer

    def log_message(self, format: str, *_: object) -> None:
        return None


@contextmanager
def replies(*answers: Answer) -> Iterator[Replies]:
    server = Replies(*answers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def place_at(server: Replies, patience_seconds: float = 0.3) -> S3Place:
    endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    return S3Place("backups", "bucket", "erp", endpoint, "eu-central-1", "AKIA-ID", "the-secret", patience_seconds)


def failing(status: int, code: str) -> Answer:
    return status, {}, f"<Error><Code>{code}</Code><Message>quotes AKIA-ID</Message></Error>"


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"secret_key": "wrong-secret-key"}, "the secret key does not belong to the access key"),
        ({"access_key": "UNKNOWNACCESSKEY00"}, "the server does not know the access key"),
        ({"bucket": "absent"}, "there is no such bucket"),
        ({"endpoint": "http://127.0.0.1:1"}, "the server cannot be reached: Connection refused"),
    ],
)
def test_what_keeps_us_out(
    s3: S3Server, other: dict[str, str], says: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    place = s3_place(s3, "erp", **{"patience_seconds": 0.3, **other})
    for work in (place.open, lambda: place.put("a", b"1"), lambda: place.list(), lambda: place.get("a")):
        with pytest.raises(Unreachable, match=says) as caught:
            work()
        assert caught.value.component == "backups"
    shown = caplog.text + str(caught.value) + repr(caught.value.__cause__) + repr(place) + str(vars(place))
    for secret in (s3.secret_key, s3.access_key, "wrong-secret-key", "UNKNOWNACCESSKEY00"):
        assert secret not in shown


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (failing(403, "AccessDenied"), Permanent, "refuses: a could not be written: the access key has no right"),
        (failing(412, "PreconditionFailed"), Permanent, "a condition of the request does not hold"),
        (failing(400, "EntityTooLarge"), Permanent, "larger than the server takes"),
        (failing(507, "XMinioStorageFull"), Permanent, "the server's disks are full"),
        (failing(409, "OperationAborted"), Permanent, r"answers 409 \(OperationAborted\)"),
        (failing(503, "SlowDown"), Temporary, "asks us to slow down"),
        (failing(500, "InternalError"), Temporary, r"answers 500 \(InternalError\)"),
        (failing(403, "RequestTimeTooSkewed"), Unreachable, "the clocks of the server and of this machine"),
        (failing(400, "AuthorizationHeaderMalformed"), Unreachable, "another region"),
        ((401, {}, ""), Unreachable, "answers 401"),
    ],
)
def test_what_a_refusal_means(answer: Answer, kind: type[Exception], says: str) -> None:
    """The refusals are played by a small HTTP server that gives the documented answers."""
    with replies(answer) as server:
        place = place_at(server)
        with pytest.raises(kind, match=says) as caught:
            place.put("a", b"1")
        assert "AKIA-ID" not in str(caught.value)
        with pytest.raises(Unreachable):
            place.get("a")
        with pytest.raises(Unreachable):
            place.list()


def test_a_passing_fault_is_overcome() -> None:
    with replies(failing(503, "SlowDown"), failing(500, "InternalError"), (200, {"ETag": '"x"'}, "")) as server:
        place_at(server, 30.0).put("a", b"1")
        assert [asked[0] for asked in server.asked] == ["PUT"] * 3


def test_requests_are_signed_and_name_the_bucket_in_the_path() -> None:
    with replies((200, {"ETag": '"x"'}, "")) as server:
        place_at(server).put("sets/a b", b"1")
        ((method, path, headers),) = server.asked
    assert (method, path) == ("PUT", "/bucket/erp/sets/a%20b")
    sent = {name.lower(): value for name, value in headers.items()}
    assert "Credential=AKIA-ID/" in sent["authorization"]
    assert "/eu-central-1/s3/" in sent["authorization"]
    assert "x-amz-checksum-sha256" in sent
    assert "the-secret" not in str(headers)


def test_nothing_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "OTHER",
        "AWS_SECRET_ACCESS_KEY": "OTHER",
        "AWS_SESSION_TOKEN": "OTHERTOKEN",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ENDPOINT": "http://127.0.0.1:1",
        "AWS_REGION": "us-west-9",
        "AWS_SKIP_SIGNATURE": "true",
        "AWS_REQUEST_PAYER": "true",
        "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "true",
        "AWS_ALLOW_HTTP": "true",
    }.items():
        monkeypatch.setenv(name, value)
    with replies((200, {"ETag": '"x"'}, "")) as server:
        place_at(server).put("a", b"1")
        ((_, path, headers),) = server.asked
    assert path == "/bucket/erp/a"
    sent = {name.lower(): value for name, value in headers.items()}
    assert "Credential=AKIA-ID/" in sent["authorization"]
    assert "/eu-central-1/s3/" in sent["authorization"]
    assert "x-amz-security-token" not in sent
    assert "x-amz-request-payer" not in sent


@pytest.mark.parametrize(
    ("headers", "until"),
    [
        ({}, None),
        (
            {
                "x-amz-object-lock-mode": "COMPLIANCE",
                "x-amz-object-lock-retain-until-date": "2026-09-01T00:00:00.000Z",
            },
            datetime(2026, 9, 1, tzinfo=UTC),
        ),
        ({"X-Amz-Object-Lock-Retain-Until-Date": "2026-09-01T02:00:00+02:00"}, datetime(2026, 9, 1, tzinfo=UTC)),
        ({"x-amz-object-lock-retain-until-date": "2026-02-28T00:00:00Z"}, None),
        ({"x-amz-object-lock-legal-hold": "OFF"}, None),
        ({"x-amz-object-lock-legal-hold": "ON"}, FOREVER),
        (
            {
                "x-amz-object-lock-legal-hold": "ON",
                "x-amz-object-lock-retain-until-date": "2026-02-28T00:00:00Z",
            },
            FOREVER,
        ),
    ],
)
def test_object_lock(headers: Mapping[str, str], until: datetime | None, caplog: pytest.LogCaptureFixture) -> None:
    """No S3 server that knows object lock can be had here, so a small HTTP server gives the documented headers
    (API_HeadObject); that requests are rightly signed is seen in `test_object_lock_against_a_real_server`."""
    caplog.set_level(logging.DEBUG)
    with replies((200, headers, "")) as server, time_machine.travel(NOW, tick=False):
        assert place_at(server).locked_until("packs/ü 1") == until
        ((method, address, _),) = server.asked
    assert method == "HEAD"
    assert urlsplit(address).path == "/bucket/erp/packs/%C3%BC%201"
    assert "Signature" not in caplog.text


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((403, {}, ""), "the server answers 403"),
        ((200, {"x-amz-object-lock-retain-until-date": "tomorrow"}, ""), "cannot be understood"),
    ],
)
def test_object_lock_that_cannot_be_seen_is_not_taken_for_none(answer: Answer, says: str) -> None:
    with replies(answer) as server:
        place = place_at(server)
        with pytest.raises(Unreachable, match=says) as caught:
            place.locked_until("a")
    assert "Signature" not in str(caught.value)
    with pytest.raises(Unreachable, match="does not answer"):
        place.locked_until("a")


def test_object_lock_against_a_real_server(s3: S3Server) -> None:
    place = s3_place(s3, "lock")
    place.put("ü b", b"1")
    assert place.locked_until("ü b") is None
    assert place.locked_until("absent") is None
    with pytest.raises(Unreachable, match="answers 403"):
        s3_place(s3, "lock", secret_key="wrong-secret-key").locked_until("ü b")


def test_an_object_in_parts(s3: S3Server) -> None:
    place = s3_place(s3, "parts")
    data = bytes(range(256)) * 280_000
    place.put("large", data)
    assert place.get("large") == data
    assert place.remove_leftovers(timedelta(0)) == 0


def test_names_of_a_neighbour_are_not_ours(s3: S3Server) -> None:
    s3_place(s3, "school-a").put("one", b"1")
    s3_place(s3, "school-a-too").put("two", b"1")
    s3_place(s3, "school").put("three", b"1")
    assert [listed.name for listed in s3_place(s3, "school-a").list()] == ["one"]
    assert "school-a/one" in [listed.name for listed in s3_place(s3).list()]
