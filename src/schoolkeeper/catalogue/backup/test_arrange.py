"""A small school with one of everything that a restore can lose, and the folders around it."""

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psycopg
import pyrage  # type: ignore[import-untyped]

from schoolkeeper.catalogue.backup.create.sealing import set_id_of
from schoolkeeper.catalogue.backup.create.task import Create
from schoolkeeper.catalogue.backup.drill.task import Drill
from schoolkeeper.catalogue.task import AnyTask
from schoolkeeper.connectors.databases.contents import DatabaseContents
from schoolkeeper.connectors.run_context import RunContext
from schoolkeeper.connectors.store.envelope import seal, unseal
from schoolkeeper.connectors.store.manifest import DatabasePart, Index, Manifest, Part
from schoolkeeper.connectors.store.reading import ChunkReader
from schoolkeeper.connectors.store.writing import NOTHING_KNOWN, ChunkWriter
from schoolkeeper.kernel.canonical import digest
from schoolkeeper.kernel.facts import Facts
from schoolkeeper.kernel.finding import Finding, Level
from schoolkeeper.kernel.plan import Step
from schoolkeeper.profiles.model import Assertion, Profile, Uploads, Version
from schoolkeeper.testing.arrange import content_of, secret_file, system_on
from schoolkeeper.testing.conformance import NOON, Subject

SCHOOL = """
CREATE ROLE {role} NOLOGIN;
CREATE SCHEMA office AUTHORIZATION {role};
CREATE TYPE office.standing AS ENUM ('enrolled', 'left');
CREATE DOMAIN office.points AS numeric(6,2) CHECK (VALUE >= 0);
CREATE SEQUENCE office.receipt INCREMENT 5;
CREATE TABLE person (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, given text NOT NULL, family text, born date,
    standing office.standing DEFAULT 'enrolled', seen_at timestamptz, photo text,
    full_name text GENERATED ALWAYS AS (given || ' ' || family) STORED
);
INSERT INTO person (given, family, born, seen_at, photo)
SELECT 'Given' || g, 'Family' || g % 20, date '2008-01-01' + g,
       timestamptz '2026-01-05 08:00Z' + g * interval '1 hour',
       CASE WHEN g <= 3 THEN 'photos/' || g || '.jpg' END
  FROM generate_series(1, 200) AS g;
CREATE TABLE grade (
    person_id bigint NOT NULL REFERENCES person, points office.points, weight double precision, notes jsonb,
    tags text[],
    PRIMARY KEY (person_id)
);
INSERT INTO grade
SELECT id, (id % 100) / 3.0, random(), jsonb_build_object('a', 1.10), ARRAY['x', 'ü'] FROM person;
CREATE INDEX grade_points ON grade (points DESC);
CREATE TABLE mark (
    kind varchar(10) CHECK (kind IN ('it''s, [so]', 'b')),
    grade varchar CHECK (grade NOT IN ('x', 'y', 'z')),
    level integer CHECK (level IN (1, 2)),
    code char(2) CHECK (code IN ('ab', 'cd'))
);
CREATE TABLE office.a_table_whose_name_is_as_long_as_names_may_be_in_this_database (
    one integer CONSTRAINT a_constraint_with_a_name_of_which_the_beginning_is_the_same_1 CHECK (one > 1),
    other integer CONSTRAINT a_constraint_with_a_name_of_which_the_beginning_is_the_same_2 CHECK (other > 2)
);
CREATE INDEX mark_kind ON mark (kind) WHERE kind IN ('a', 'b');
CREATE VIEW marked AS SELECT * FROM mark WHERE grade IN ('p', 'q');
CREATE TABLE attendance (person_id bigint, day date, status text) PARTITION BY RANGE (day);
CREATE TABLE attendance_2026 PARTITION OF attendance FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO attendance SELECT id, date '2026-01-05', 'present' FROM person;
CREATE TABLE office.invoice (id int PRIMARY KEY DEFAULT nextval('office.receipt'), amount numeric, paid boolean);
ALTER TABLE office.invoice OWNER TO {role};
INSERT INTO office.invoice (amount, paid) SELECT g, g % 2 = 0 FROM generate_series(1, 10) AS g;
CREATE VIEW honours AS SELECT person_id FROM grade WHERE points > 30;
CREATE MATERIALIZED VIEW totals AS SELECT sum(points) FROM grade;
CREATE FUNCTION gpa(bigint) RETURNS numeric LANGUAGE sql AS 'SELECT points FROM public.grade WHERE person_id = $1';
CREATE PROCEDURE close_year() LANGUAGE sql AS 'UPDATE office.invoice SET paid = true';
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.seen_at = now(); RETURN NEW; END';
CREATE TRIGGER person_stamp BEFORE UPDATE ON person FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE RULE keep AS ON DELETE TO office.invoice DO INSTEAD NOTHING;
ALTER TABLE grade ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_grades ON grade FOR SELECT TO {role} USING (person_id = 1);
CREATE STATISTICS person_names ON given, family FROM person;
CREATE COLLATION german (provider = libc, locale = 'C');
CREATE AGGREGATE best(numeric) (sfunc = numeric_larger, stype = numeric);
GRANT SELECT ON person TO {role};
GRANT UPDATE (family) ON person TO {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA office GRANT SELECT ON TABLES TO {role};
COMMENT ON TABLE person IS 'everybody';
COMMENT ON COLUMN person.family IS 'as in the passport';
ALTER TABLE person ALTER photo SET STORAGE EXTERNAL;
CREATE PUBLICATION people FOR TABLE person WITH (publish = 'insert, update');
CREATE MATERIALIZED VIEW later AS SELECT 1 AS one WITH NO DATA;
SELECT lo_from_bytea(0, 'a scanned letter'::bytea);
"""
UNPAID = Assertion(
    code="person-without-grade",
    title="Everybody has a grade",
    query="SELECT id, given FROM person WHERE id NOT IN (SELECT person_id FROM grade)",
)
PROFILE = Profile(
    slug="test",
    title="Test ERP",
    version=Version(database="SELECT '1.0' AS version"),
    uploads=[
        Uploads(query="SELECT photo AS path, NULL AS digest, NULL AS size_bytes FROM person WHERE photo <> ''")
    ],
    integrity=[UNPAID],
)


@dataclass
class School:
    """A database, two folders, a store, and a key; `sets` is where the store keeps what belongs to it."""

    folder: Path
    database: str
    identity: pyrage.x25519.Identity

    @property
    def uploads(self) -> Path:
        return self.folder / "uploads"

    @property
    def store(self) -> Path:
        return self.folder / "store"

    @property
    def sets(self) -> Path:
        return self.store / "test-college"

    def path(self, set_id: str, name: str) -> Path:
        """A file in the folder of a set."""
        return self.sets / "sets" / set_id / name

    def remove(self, set_id: str) -> None:
        """Lose a set."""
        shutil.rmtree(self.sets / "sets" / set_id)

    def subject(self, task: AnyTask, profile: Profile = PROFILE, **store: object) -> Subject:
        store = {
            "kind": "store",
            "path": str(self.store),
            "recipients": [str(self.identity.to_public())],
            "identity": secret_file(self.folder, "identity", f"# a key\n{self.identity}\n"),
            **store,
        }
        files = {"uploads": self.uploads, "configuration": self.folder / "configuration"}
        components = {name: {"kind": "files", "path": str(path)} for name, path in files.items()}
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        home.chmod(0o711)
        return Subject(
            task=task,
            options=task.options(),
            home=home,
            fingerprint=lambda: content_of(self.database),
            **system_on(
                self.folder,
                database=self.database,
                components={**components, "backups": store},
                unreachable={**components, "backups": {**store, "path": "/nonexistent/store"}},
                profile=profile,
            ),
        )

    def query(self, statement: str) -> None:
        with psycopg.connect(self.database, autocommit=True) as connection:
            connection.execute(statement.encode())


def found_school(folder: Path, database: str) -> School:
    """Fill the database and the folders."""
    role = f"registrar_{database.rpartition('_')[2]}"
    with psycopg.connect(database, autocommit=True) as connection:
        for statement in SCHOOL.replace("{role}", role).split(";\n"):
            if statement.strip():
                connection.execute(statement.encode())
    school = School(folder, database, pyrage.x25519.Identity.generate())
    for name, text in {
        "uploads/photos/1.jpg": "one",
        "uploads/photos/2.jpg": "two",
        "uploads/photos/3.jpg": "three",
        "uploads/empty": "",
        "configuration/erp.toml": "secret = 1",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "uploads" / "latest.jpg").symlink_to("photos/1.jpg")
    school.store.mkdir()
    return school


def carry_out(subject: Subject, steps: Sequence[Step] | None = None) -> Facts:
    """Apply the plan as an engine would, and assess again."""
    subject.apply(subject.plan() if steps is None else steps)
    return subject.assess()


def manifest_of(school: School, set_id: str) -> Manifest:
    return Manifest.model_validate_json(school.path(set_id, "manifest.json").read_bytes())


def open_part(school: School, part: Part) -> bytes:
    """What an object of a set holds."""
    return unseal((school.sets / part.name).read_bytes(), school.identity)


def read_list(school: School, set_id: str, name: str) -> bytes:
    """A list of a set, such as "database.contents"."""
    return open_part(school, _list(manifest_of(school, set_id), name))


def _list(manifest: Manifest, name: str) -> Part:
    return next(part for part in manifest.parts if part.name.endswith(f"/{name}.json.zst.age"))


def reseal_list(school: School, set_id: str, name: str, text: bytes, *, digest_fits: bool = True) -> None:
    """Put another list into a set so that every checksum fits: what a faulty program would have written."""
    manifest = manifest_of(school, set_id)
    old, sealed = _list(manifest, name), seal(text, manifest.recipients)
    (school.sets / old.name).write_bytes(sealed)
    new = _part(old.name, sealed, text)
    changed = manifest.model_dump_json().replace(old.model_dump_json(), new.model_dump_json())
    if digest_fits:
        model = Index if name.endswith(".index") else DatabaseContents
        for one in manifest.stored:
            wanted = one.contents_digest if isinstance(one, DatabasePart) and model is DatabaseContents else None
            wanted = wanted or (one.index_digest if one.index and one.index.name == old.name else None)
            if wanted and old.name in {part.name for part in one.objects}:
                changed = changed.replace(wanted, digest(model.model_validate_json(text)))
    rewrite_manifest(school, Manifest.model_validate_json(changed))


def rewrite_manifest(school: School, manifest: Manifest) -> None:
    """Write a manifest, and the list of sums that belongs to it."""
    school.path(manifest.set, "manifest.json").write_text(manifest.model_dump_json())
    sums = "".join(f"{part.sha256}  ../../{part.name}\n" for part in manifest.parts)
    school.path(manifest.set, "SHA256SUMS").write_text(sums)


def _part(name: str, sealed: bytes, raw: bytes) -> Part:
    sha256 = hashlib.sha256(sealed).hexdigest()
    return Part(name=name, sha256=sha256, size_bytes=len(sealed), raw_size_bytes=len(raw))


def dump_of(school: School, set_id: str) -> bytes:
    """The dump of a set."""
    manifest = manifest_of(school, set_id)
    index = Index.model_validate_json(read_list(school, set_id, "database.index"))
    with ChunkReader(_getter(school), manifest.database.packs, index, school.identity) as reader:
        return b"".join(reader.read(index.files[0].chunk_ids))


def _getter(school: School) -> Callable[[str], bytes]:
    return lambda name: (school.sets / name).read_bytes()


def reseal_dump(school: School, set_id: str, raw: bytes) -> None:
    """Put another dump into a set so that every checksum fits."""
    manifest = manifest_of(school, set_id)

    def put(name: str, data: bytes) -> None:
        (school.sets / name).write_bytes(data)

    with ChunkWriter(put, f"packs/{set_id}.forged.", manifest.recipients, NOTHING_KNOWN) as writer:
        written = writer.add(io.BytesIO(raw))
        packs, used = writer.finish()
    index = Index.model_validate_json(read_list(school, set_id, "database.index"))
    chunks = written.chunks if len(written.chunks) > 1 else []
    file = index.files[0].model_copy(
        update={"sha256": written.sha256, "size_bytes": written.size_bytes, "chunks": chunks}
    )
    database = manifest.database.model_copy(update={"packs": packs})
    rewrite_manifest(school, manifest.model_copy(update={"database": database}))
    forged = index.model_copy(update={"packs": used, "files": [file]})
    reseal_list(school, set_id, "database.index", forged.model_dump_json().encode())


def apply_elsewhere(subject: Subject, step: Step, failpoint: str = "", file_limit_bytes: int = 0) -> int:
    """Apply one step in a process of its own, which may be told where to die; its exit code.

    It ends with 3 after a Permanent error, whose text it prints.
    """
    order = {
        "task": f"{type(subject.task).__module__}:{type(subject.task).__name__}",
        "system": subject.system.model_dump(mode="json"),
        "profile": subject.profile.model_dump(mode="json"),
        "home": str(subject.home),
        "key": subject.context().key,
        "started_at": subject.context().started_at.isoformat(),
        "verb": step.action.verb,
        "arguments": dict(step.action.arguments),
        "file_limit_bytes": file_limit_bytes,
    }
    environment = {
        **os.environ,
        "SCHOOLKEEPER_FAILPOINT": f"{failpoint}=kill",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE],
        input=json.dumps(order),
        env=environment,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode


ELSEWHERE = """
import importlib, json, resource, sys
from datetime import datetime
from pathlib import Path
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.run_context import RunContext
from schoolkeeper.connectors.system import System
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.plan import Action
from schoolkeeper.profiles.model import Profile

order = json.load(sys.stdin)
module, _, name = order["task"].partition(":")
task = getattr(importlib.import_module(module), name)()
if order["file_limit_bytes"]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (order["file_limit_bytes"],) * 2)
started_at = datetime.fromisoformat(order["started_at"])
run = RunContext(order["key"], started_at, started_at, Path(order["home"]))
with Act(System.model_validate(order["system"]), Profile.model_validate(order["profile"]), run, task.spec) as act:
    try:
        task.apply(Action(verb=order["verb"], arguments=order["arguments"]), act)
    except Permanent as error:
        print(error, file=sys.stderr)
        sys.exit(3)
"""


def back_up(school: School, *, profile: Profile = PROFILE) -> str:
    """Take a set; its id."""
    subject = school.subject(Create(), profile)
    carry_out(subject)
    return set_id_of(subject.context())


def drill(school: School, *, profile: Profile = PROFILE, **store: object) -> list[Finding]:
    """Prove the newest set; what it found from WARNING on."""
    subject = school.subject(Drill(), profile, **store)
    return findings(subject, carry_out(subject))


def findings(subject: Subject, facts: Facts, least: Level = Level.WARNING) -> list[Finding]:
    return [finding for finding in subject.task.judge(facts, subject.options) if finding.level >= least]


def codes(found: Sequence[Finding]) -> set[tuple[str, str]]:
    """Code without the task's id, and subject."""
    return {(finding.code.rpartition(".")[2], finding.subject) for finding in found}


def later(subject: Subject, key: str, *, hours: float = 1) -> Subject:
    """The same subject in another, later run."""

    class Later(Subject):
        def context(self) -> RunContext:
            now = NOON + timedelta(hours=hours)
            return RunContext(key, now, now, self.home, self.signer)

    return Later(**{name: getattr(subject, name) for name in subject.__dataclass_fields__})
