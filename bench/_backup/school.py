"""The school whose data everything is measured on: filled by the ERP's own generator, and its days."""

import hashlib
import os
import pwd
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import smart_erp
from schoolkeeper.connectors.postgres.account import service_account
from schoolkeeper.connectors.postgres.binaries import find
from schoolkeeper.connectors.postgres.cluster import Cluster
from schoolkeeper.connectors.postgres.cluster_roles import create_database
from smart_erp.generator import files

# pgBackRest comes with Debian, and so does this version of the server.
MAJOR = 15
# What an administrator would set on a machine of this size; everything else as it comes, fsync too.
SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "2GB", "checkpoint_timeout": "30min"}
DATABASE = "school"
# For pgBackRest, which runs as the server's account.
PEER = "local all all peer\n"
REGISTERS, REGRADED_ASSIGNMENTS, HAND_INS, WITHDRAWN = 5_000, 20, 50, 5

REGISTER = """
INSERT INTO attendance (held_on, mark, recorded_at, recorded_by_id, enrolment_id)
SELECT last.day + %(day)s, (ARRAY['present', 'late', 'present', 'absent'])[1 + e.id %% 4],
       last.day + %(day)s + time '08:00', s.teacher_id, e.id
  FROM (SELECT date '2026-08-01' AS day) AS last, enrolment AS e JOIN section AS s ON s.id = e.section_id
 ORDER BY e.id LIMIT %(count)s
"""
# Whole pieces of work are graded anew, as teachers do; the ERP's triggers follow.
REGRADE = """
UPDATE grade SET score = 100 - score, graded_at = graded_at + interval '1 day'
 WHERE assignment_id IN (SELECT id FROM assignment ORDER BY hashint8extended(id, %(day)s) LIMIT %(count)s)
"""
WORKS = """
SELECT a.id, e.id, t.user_id FROM assignment AS a
  JOIN enrolment AS e ON e.section_id = a.section_id JOIN student AS t ON t.id = e.student_id
 WHERE NOT EXISTS (SELECT FROM submission AS s WHERE (s.assignment_id, s.enrolment_id) = (a.id, e.id))
 ORDER BY hashint8extended(a.id, %(day)s), e.id LIMIT %(count)s
"""
UPLOAD = """
INSERT INTO upload (path, sha256, size_bytes, content_type, created_at, owner_id)
VALUES (%s, %s, %s, 'application/pdf', timestamptz '2026-08-01 12:00Z', %s) RETURNING id
"""
SUBMISSION = """
INSERT INTO submission (handed_in_at, assignment_id, enrolment_id, upload_id)
VALUES (timestamptz '2026-08-01 12:00Z', %s, %s, %s)
"""
WITHDRAWAL = """
WITH gone AS (DELETE FROM submission WHERE id IN (SELECT id FROM submission ORDER BY id LIMIT %(count)s)
              RETURNING upload_id)
DELETE FROM upload WHERE id IN (SELECT upload_id FROM gone) RETURNING path
"""


@dataclass(frozen=True, slots=True)
class School:
    server: Cluster
    home: Path

    @property
    def dsn(self) -> str:
        return self.server.dsn(DATABASE)

    @property
    def folders(self) -> dict[str, Path]:
        """What belongs to a set besides the database, by the names of the profile."""
        assert smart_erp.__file__
        code = Path(smart_erp.__file__).parent
        return {"uploads": self.home / "uploads", "configuration": self.home / "config", "code": code}

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "SMART_ERP_DATABASE_URL": self.dsn, "SMART_ERP_HOME": str(self.home)}

    def erp(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "smart_erp", *arguments]
        return subprocess.run(command, env=self.environment, check=True, stdout=subprocess.PIPE, text=True).stdout

    def settle(self) -> None:
        """Nothing is left over that would be done while somebody else is measured."""
        with self.server.connect(DATABASE) as connection:
            connection.execute("VACUUM")
            connection.execute("CHECKPOINT")
        os.sync()


@contextmanager
def opened(folder: Path, size: str, kept: Path | None) -> Iterator[School]:
    """A school of that size in `folder`, its server running. `kept` is where it is kept filled for next time."""
    template = kept / size if kept else folder / "school"
    if not template.exists():
        with _running(template) as school:
            _fill(school, size)
    if template != folder / "school":
        subprocess.run(["cp", "--archive", str(template), str(folder / "school")], check=True)
    with _running(folder / "school") as school:
        yield school


@contextmanager
def _running(folder: Path) -> Iterator[School]:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)
    socket = folder / "socket"
    if not socket.exists():
        given_away(socket)
    settings = SETTINGS | {"unix_socket_directories": str(socket)}
    server = Cluster(folder / "source", find(MAJOR), settings=settings)
    server.initialise()
    hba = server.files.data / "pg_hba.conf"
    if not (text := hba.read_text()).startswith(PEER):
        hba.write_text(PEER + text)
    with server:
        with server.connect() as connection:
            there = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [account_name()]).fetchone()
            if there is None:
                connection.execute(f"CREATE ROLE {account_name()} SUPERUSER LOGIN".encode())
        yield School(server, folder / "erp")


def _fill(school: School, size: str) -> None:
    with school.server.connect() as connection:
        create_database(connection, DATABASE)
    school.erp("migrate")
    print(school.erp("fill", "--size", size))


def given_away(folder: Path) -> Path:
    """A new folder that belongs to the server's account."""
    folder.mkdir(mode=0o700)
    if account := service_account():
        os.chown(folder, account.uid, account.gid)
    return folder


def account_name() -> str:
    account = service_account()
    return account.name if account else pwd.getpwuid(os.getuid()).pw_name


def live_a_day(school: School, day: int) -> None:
    """The same changes in every run: registers, grades, hand-ins, and some of them withdrawn."""
    uploads = school.folders["uploads"]
    with school.server.connect(DATABASE) as connection, connection.transaction():
        connection.execute(REGISTER, {"day": day, "count": REGISTERS})
        connection.execute(REGRADE, {"day": day, "count": REGRADED_ASSIGNMENTS})
        for (path,) in connection.execute(WITHDRAWAL, {"count": WITHDRAWN}).fetchall():
            (uploads / path).unlink()
        dice = random.Random(day)
        for work, enrolment, user in connection.execute(WORKS, {"day": day, "count": HAND_INS}).fetchall():
            content = files.pdf(files.essay(f"Work {work}", dice))
            path = f"submissions/day-{day}/{work}-{enrolment}.pdf"
            (uploads / path).parent.mkdir(exist_ok=True)
            (uploads / path).write_bytes(content)
            row = (path, hashlib.sha256(content).hexdigest(), len(content), user)
            (upload,) = connection.execute(UPLOAD, row).fetchone() or (None,)
            connection.execute(SUBMISSION, (work, enrolment, upload))
