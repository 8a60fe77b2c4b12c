"""Getting calendars from real servers and files."""

import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from schoolkeeper.calendars.academic import fetching
from schoolkeeper.calendars.academic.fetching import MOST_BYTES, fault_of, fetch
from schoolkeeper.kernel.errors import Unreachable
from tests.calendars.academic.texts import calendar, event

TEXT = calendar(event("a", "Exams", "20260601"))
Answer = tuple[int, dict[str, str], bytes]


def certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return pem


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[dict[str, Answer]], str]]:
    """Starts an https server on this machine that gives these answers by path, and that is trusted here."""
    servers = []
    pem = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))

    def start(answers: dict[str, Answer]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, headers, body = answers[self.path]
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                return

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return f"https://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def reason(address: str) -> str:
    with pytest.raises(Unreachable) as caught:
        fetch(address)
    return caught.value.reason


def test_a_calendar_server_of_the_school(serve: Callable[[dict[str, Answer]], str]) -> None:
    base = serve(
        {
            "/school.ics": (200, {"Content-Type": "text/calendar"}, TEXT.encode()),
            "/moved.ics": (302, {"Location": "/school.ics"}, b""),
        }
    )
    assert fetch(f"{base}/school.ics") == TEXT
    assert fetch(f"{base}/moved.ics".replace("https:", "webcal:")) == TEXT


def test_answers_that_are_no_calendar(serve: Callable[[dict[str, Answer]], str]) -> None:
    base = serve(
        {
            "/gone": (404, {}, b"secret page"),
            "/round": (302, {"Location": "/round"}, b""),
            "/plain": (302, {"Location": "http://127.0.0.1:1/school.ics"}, b""),
            "/cloud": (302, {"Location": "https://169.254.169.254/latest"}, b""),
            "/big": (200, {}, b"x" * (MOST_BYTES + 1)),
            "/latin": (200, {}, b"BEGIN:VCALENDAR\nSUMMARY:Pr\xfcfung"),
        }
    )
    assert reason(f"{base}/gone") == "the server answers 404 instead of a calendar"
    assert reason(f"{base}/round") == "it redirects more than 3 times"
    assert reason(f"{base}/plain") == "it redirects to http, which is not encrypted"
    assert "where no calendar server can be" in reason(f"{base}/cloud")
    assert reason(f"{base}/big") == "it is larger than 4 MB; export fewer years"
    assert reason(f"{base}/latin").startswith("line 2 is no UTF-8")


def test_a_certificate_that_is_not_trusted(
    serve: Callable[[dict[str, Answer]], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    base = serve({"/school.ics": (200, {}, TEXT.encode())})
    monkeypatch.delenv("SSL_CERT_FILE")
    assert "its certificate is not trusted" in reason(f"{base}/school.ics")


def test_a_server_that_trickles_is_left(
    serve: Callable[[dict[str, Answer]], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "TIMEOUT_SECONDS", 0.0)
    base = serve({"/school.ics": (200, {}, TEXT.encode())})
    assert "there was no whole answer" in reason(f"{base}/school.ics")


def test_nobody_there() -> None:
    assert reason("https://127.0.0.1:1/school.ics") == "no connection: Connection refused"
    assert "is not known" in reason("https://calendar.invalid/school.ics")
    assert "is not known" in reason(f"https://{'a' * 99}.invalid/school.ics")


def test_files_of_this_machine(tmp_path: Path) -> None:
    path = tmp_path / "school.ics"
    path.write_bytes(TEXT.encode())
    assert fetch(str(path)) == TEXT
    assert "is no file" in reason(str(tmp_path))
    assert "is no file" in reason("/dev/zero")
    assert "is no file" in reason(str(tmp_path / "gone.ics"))


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("https://school.uz/calendar.ics", ""),
        ("webcal://school.uz/calendar.ics", ""),
        ("/srv/school.ics", ""),
        ("http://school.uz/calendar.ics", "encrypted"),
        ("file:///srv/school.ics", "full path"),
        ("calendar.ics", "full path"),
        ("https://me:secret@school.uz/calendar.ics", "it carries an account"),
        ("https://school.uz:port/", "write https"),
    ],
)
def test_addresses(address: str, said: str) -> None:
    assert said in fault_of(address)
    assert bool(fault_of(address)) == bool(said)
