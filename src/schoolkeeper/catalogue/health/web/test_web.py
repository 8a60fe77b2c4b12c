import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from schoolkeeper.catalogue.health.web.facts import WebFacts
from schoolkeeper.catalogue.health.web.task import WebHealth, WebOptions
from schoolkeeper.connectors.web.component import WebComponent
from schoolkeeper.connectors.web.look import NoAnswer, Page, WebLook
from schoolkeeper.kernel.errors import Unreachable
from schoolkeeper.profiles.model import Answer, Check, JourneyStep, Profile, Version, Web
from schoolkeeper.testing import Conformance, Subject
from schoolkeeper.testing.arrange import secret_file, system_on

PASSWORD = "pass&word=ü {username} %41"
SIGN_IN_PAGE = '<form><input name="token" value="a&amp;b{n}"></form>'


@dataclass
class School:
    """What the small web server of these tests does; tests switch it."""

    maintenance: bool = False
    status_of: dict[str, int] = field(default_factory=dict)
    visits: list[str] = field(default_factory=list)
    posts: list[str] = field(default_factory=list)
    over: Event = field(default_factory=Event)

    def answer(self, path: str, cookie: str, form: dict[str, list[str]] | None) -> tuple[int, str, dict[str, str]]:
        self.visits.append(path)
        if form is not None:
            self.posts.append(path)
        if self.maintenance and path != "/version":
            return 503, "We will be back soon", {}
        if path in self.status_of:
            return self.status_of[path], "broken", {}
        if path == "/sign-in" and form is not None:
            accepted = {"user": ["clerk"], "password": [PASSWORD], "token": ["a&b{n}"]}
            if "visitor=1" in cookie and form == accepted:
                return 302, "", {"Location": "/desk", "Set-Cookie": "session=abc; HttpOnly"}
            return 403, "no", {}
        pages: dict[str, tuple[int, str, dict[str, str]]] = {
            "/": (200, "<h1>Test College</h1>", {}),
            "/sign-in": (200, SIGN_IN_PAGE, {"Set-Cookie": "visitor=1"}),
            "/moved": (301, "", {"Location": "/"}),
            "/away": (302, "", {"Location": "http://elsewhere.invalid/"}),
            "/round": (302, "", {"Location": "/round"}),
            "/version": (200, '{"release": "1.0"}', {}),
            "/bytes": (200, "x" * 2_000_000, {}),
        }
        if path == "/desk" and "session=abc" in cookie:
            return 200, "Welcome, clerk. Fees due: 3", {}
        return pages.get(path, (404, "no such page", {}))


@pytest.fixture
def school() -> School:
    return School()


class Server(ThreadingHTTPServer):
    def __init__(self, school: School) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.school = school

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that breaks off a connection it does not trust is what these tests are about."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Server"

    def respond(self, form: dict[str, list[str]] | None) -> None:
        if self.path == "/hang-up":
            self.close_connection = True
            return
        if self.path == "/hang":
            self.server.school.over.wait(5)
            return
        if self.path == "/trickle":
            self.trickle()
            return
        status, body, headers = self.server.school.answer(self.path, self.headers.get("Cookie", ""), form)
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def trickle(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        for _ in range(100):
            self.wfile.write(b".")
            if self.server.school.over.wait(0.05):
                return

    def do_GET(self) -> None:
        self.respond(None)

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.respond(parse_qs(text))

    def log_message(self, format: str, *args: object) -> None:
        return


def serve(school: School, tls: ssl.SSLContext | None = None) -> Server:
    server = Server(school)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server


def stop(server: ThreadingHTTPServer) -> None:
    server.shutdown()
    server.server_close()


@pytest.fixture
def url(school: School) -> Iterator[str]:
    server = serve(school)
    yield f"http://127.0.0.1:{server.server_port}"
    stop(server)


@pytest.fixture
def secure_url(school: School, tmp_path: Path) -> Iterator[Callable[[datetime], str]]:
    """Starts an https server whose self-signed certificate ends at the given time."""
    servers = []

    def start(ends_at: datetime) -> str:
        servers.append(serve(school, self_signed(tmp_path, ends_at)))
        return f"https://127.0.0.1:{servers[-1].server_port}"

    yield start
    for server in servers:
        stop(server)


def self_signed(folder: Path, ends_at: datetime) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(ends_at - timedelta(days=90))
        .not_valid_after(ends_at)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


JOURNEY = [
    JourneyStep(name="sign-in page", path="/sign-in", capture={"token": 'name="token" value="([^"]+)"'}),
    JourneyStep(
        name="sign in",
        method="POST",
        path="/sign-in",
        form={"user": "{username}", "password": "{password}", "token": "{token}"},
        contains="Welcome, {username}",
    ),
    JourneyStep(name="fees", path="/desk", contains="Fees due"),
]

PROFILE = Profile(
    slug="test",
    title="Test ERP",
    version=Version(web_path="/version", web_field="release"),
    web=Web(
        headers={"User-Agent": "Mozilla/5.0 Schoolkeeper"},
        checks=[
            Check(name="start", path="/", contains="Test College", lacks="Traceback"),
            Check(name="moved", path="/moved", contains="Test College"),
        ],
        maintenance=Answer(status=[503], contains="back soon"),
        journey=JOURNEY,
    ),
)


def component(folder: Path, url: str, **more: object) -> dict[str, Any]:
    account = {"username": "clerk", "password": secret_file(folder, "password", PASSWORD)}
    return {"kind": "web", "url": url, **account, **more}


def subject_on(folder: Path, url: str, profile: Profile = PROFILE, **more: object) -> Subject:
    return Subject(
        task=WebHealth(),
        options=WebOptions(samples=2),
        home=folder,
        fingerprint=lambda: "",
        **system_on(
            folder,
            components={"web": component(folder, url, **more)},
            unreachable={"web": component(folder, "http://nothing.invalid")},
            profile=profile,
        ),
    )


def look_at(subject: Subject) -> WebFacts:
    facts = subject.assess()
    assert isinstance(facts, WebFacts)
    return facts


def judged(subject: Subject) -> list[tuple[str, str, str]]:
    findings = subject.task.judge(look_at(subject), subject.options)
    return [(finding.code, finding.level.name, finding.subject) for finding in findings]


class TestConformance(Conformance):
    @pytest.fixture
    def subject(self, school: School, url: str, tmp_path: Path) -> Subject:
        subject = subject_on(tmp_path, url)
        subject.fingerprint = lambda: repr(set(school.posts) - {"/sign-in"})
        return subject


def test_a_well_application_has_no_finding_and_numbers(school: School, url: str, tmp_path: Path) -> None:
    subject = subject_on(tmp_path, url)
    facts = look_at(subject)
    assert subject.task.judge(facts, subject.options) == []
    assert facts.version == "1.0"
    assert [len(check.latency_ms) for check in facts.checks] == [2, 2]
    measured = [(number.name, number.subject) for number in subject.task.measure(facts)]
    assert measured == [
        ("web.latency_ms", "start"),
        ("web.latency_ms", "moved"),
        ("web.journey_ms", ""),
        ("web.journey_ms", "sign-in page"),
        ("web.journey_ms", "sign in"),
        ("web.journey_ms", "fees"),
    ]


def test_a_stopped_server_is_down(tmp_path: Path) -> None:
    server = serve(School())
    stop(server)
    subject = subject_on(tmp_path, f"http://127.0.0.1:{server.server_port}")
    assert judged(subject) == [("health.web.down", "ERROR", "")]


def test_maintenance_is_said_once(school: School, url: str, tmp_path: Path) -> None:
    school.maintenance = True
    assert judged(subject_on(tmp_path, url)) == [("health.web.maintenance", "WARNING", "")]


def test_maintenance_that_only_the_journey_meets(school: School, url: str, tmp_path: Path) -> None:
    school.maintenance = True
    open_check = [Check(name="version", path="/version")]
    profile = PROFILE.model_copy(update={"web": PROFILE.web.model_copy(update={"checks": open_check})})
    assert judged(subject_on(tmp_path, url, profile)) == [("health.web.maintenance", "WARNING", "")]


def test_a_broken_page_and_a_broken_journey(school: School, url: str, tmp_path: Path) -> None:
    school.status_of = {"/": 500, "/desk": 500}
    assert judged(subject_on(tmp_path, url)) == [
        ("health.web.wrong_answer", "ERROR", "start"),
        ("health.web.wrong_answer", "ERROR", "moved"),
        ("health.web.journey", "ERROR", "sign in"),
    ]


def test_a_wrong_password_breaks_the_journey_and_is_never_shown(url: str, tmp_path: Path) -> None:
    wrong = secret_file(tmp_path, "wrong", "not-the-password")
    subject = subject_on(tmp_path, url, password=wrong)
    facts = look_at(subject)
    (finding,) = subject.task.judge(facts, subject.options)
    assert (finding.code, finding.subject) == ("health.web.journey", "sign in")
    assert "not-the-password" not in facts.model_dump_json() + repr(finding)


def test_a_missing_account_leaves_the_journey_unknown(url: str, tmp_path: Path) -> None:
    subject = subject_on(tmp_path, url, password=None)
    assert judged(subject) == [("health.web.unknown", "UNKNOWN", "journey")]


def test_a_page_without_the_text_to_capture_breaks_the_journey(url: str, tmp_path: Path) -> None:
    lost = JourneyStep(name="start", path="/", capture={"token": "token=(.+)"})
    with WebLook("web", WebComponent(kind="web", url=url)) as web:
        walked = web.journey([lost], {})
    assert (walked.steps, walked.broken_at) == ((), "start")
    assert walked.problem == "the page has nothing to take 'token' from"


def test_a_self_signed_certificate_is_reported_and_gets_no_password(
    school: School, secure_url: Callable[[datetime], str], tmp_path: Path
) -> None:
    # Certificates are checked against the real clock, so this one is made for today.
    ends_at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=5)
    subject = subject_on(tmp_path, secure_url(ends_at))
    subject.now = ends_at - timedelta(days=5)
    facts = look_at(subject)
    assert facts.certificate is not None
    assert facts.certificate.expires_at == ends_at
    assert "self-signed" in facts.certificate.problem
    assert all(check.wrong == "" and check.latency_ms for check in facts.checks)
    assert judged(subject) == [
        ("health.web.certificate", "ERROR", ""),
        ("health.web.journey", "ERROR", "sign-in page"),
    ]
    assert "/sign-in" not in school.visits


def test_a_trusted_certificate_near_its_end(
    secure_url: Callable[[datetime], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends_at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=20)
    url = secure_url(ends_at)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))  # a school's own authority
    subject = subject_on(tmp_path, url)
    subject.now = ends_at - timedelta(days=20)
    assert judged(subject) == [("health.web.certificate", "WARNING", "")]


def test_no_check_in_the_profile_is_unreachable_and_not_green(url: str, tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="names no address"):
        subject_on(tmp_path, url, Profile(slug="bare", title="Bare")).assess()


class TestWebLook:
    @pytest.fixture
    def web(self, url: str) -> Iterator[WebLook]:
        with WebLook("web", WebComponent(kind="web", url=url)) as web:
            yield web

    def test_redirects_stay_within_the_origin(self, web: WebLook, school: School) -> None:
        moved, away = web.get("/moved", {}), web.get("/away", {})
        assert isinstance(moved, Page)
        assert isinstance(away, Page)
        assert (moved.status, away.status) == (200, 302)
        round_and_round = web.get("/round", {})
        assert isinstance(round_and_round, Page)
        assert round_and_round.status == 302
        assert school.visits.count("/round") <= 6

    def test_the_body_is_cut_at_a_limit(self, web: WebLook) -> None:
        page = web.get("/bytes", {})
        assert isinstance(page, Page)
        assert len(page.body) == 1_000_000

    def test_a_closed_connection_is_no_answer(self, web: WebLook) -> None:
        assert isinstance(web.get("/hang-up", {}), NoAnswer)

    @pytest.mark.parametrize("path", ["/hang", "/trickle"])
    def test_an_answer_that_takes_too_long_is_none(
        self, web: WebLook, school: School, path: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("schoolkeeper.connectors.web.look.TIMEOUT_SECONDS", 0.2)
        answer = web.get(path, {})
        school.over.set()
        assert isinstance(answer, NoAnswer)
        assert answer.reason.startswith("there was no whole answer within")

    def test_cookies_do_not_leak_from_one_question_to_the_next(self, web: WebLook) -> None:
        web.get("/sign-in", {})
        assert web._anonymous is not None
        page = web.get("/", {})
        assert isinstance(page, Page)
        assert "visitor" not in web._anonymous.cookies

    def test_printing_an_answer_shows_no_content(self, web: WebLook) -> None:
        assert "Test College" not in repr(web.get("/", {}))

    def test_an_unknown_name_is_unreachable(self) -> None:
        with (
            WebLook("web", WebComponent(kind="web", url="http://nothing.invalid")) as web,
            pytest.raises(Unreachable, match=r"no connection to nothing\.invalid"),
        ):
            web.get("/", {})

    def test_plain_http_has_no_certificate(self, web: WebLook) -> None:
        assert web.certificate() is None
