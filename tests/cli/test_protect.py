"""Schoolkeeper takes care of itself: a set of its own state, a proof of it, and the way back from nothing."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyrage  # type: ignore[import-untyped]
import pytest

from schoolkeeper.ledger.keys import PublicKey
from schoolkeeper.testing.arrange import secret_file
from schoolkeeper.testing.plugin import HOME


class Keeper:
    """An installation of its own, with the embedded database, in a folder that its account can get to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.complaint = ""

    def __call__(self, *arguments: object, code: int = 0) -> str:
        environment = {name: value for name, value in os.environ.items() if name != "SCHOOLKEEPER_DATABASE_URL"}
        done = subprocess.run(
            [sys.executable, "-m", "schoolkeeper", *map(str, arguments)],
            env={**environment, "SCHOOLKEEPER_HOME": str(self.home), "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )
        assert done.returncode == code, done.stdout + done.stderr
        self.complaint = done.stderr
        return done.stdout

    def password(self) -> Path:
        path = self.folder / "password"
        path.write_text("a long and winding password\n")
        return path

    def json(self, *arguments: object, code: int = 0) -> Any:
        return json.loads(self(*arguments, "--json", code=code))


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    folder = Path(tempfile.mkdtemp(dir=HOME))
    folder.chmod(0o711)
    yield Keeper(folder)
    shutil.rmtree(folder)


def test_its_own_state_is_backed_up_and_proven(keeper: Keeper) -> None:
    """Takes half a minute: a whole control plane is made, saved, restored beside itself and compared."""
    key = pyrage.x25519.Identity.generate()
    store = keeper.folder / "store"
    store.mkdir()
    identity = secret_file(keeper.folder, "key", str(key))
    said = keeper("protect", "--store", store, "--recipient", key.to_public(), "--identity", identity)
    definition = keeper.home / "definitions" / "schoolkeeper.toml"
    assert str(definition) in said
    fingerprint = PublicKey.from_pem((keeper.home / "keys" / "ledger.pub").read_text()).key_id
    assert f"signed with the key {fingerprint}" in said
    assert fingerprint in definition.read_text()
    before = definition.read_text()
    for changed in ("age1wrong", str(pyrage.x25519.Identity.generate().to_public())):
        keeper("protect", "--store", store, "--recipient", changed, "--identity", identity, code=2)
    assert definition.read_text() == before, "a definition that works is never overwritten"
    keeper("rescue", "backup.create", definition, "--confirm", "schoolkeeper")
    (line,) = keeper.json("backups", "list", definition)
    assert line["rows"] > 0
    said = keeper("rescue", "backup.drill", definition, "--confirm", "schoolkeeper")
    assert f"Backup set {line['id']} restores" in said
    (line,) = keeper.json("backups", "list", definition)
    assert line["proven"] is True
    signed = [path.name for path in store.rglob("*.sig")]
    assert "manifest.json.sig" in signed
    assert len(signed) == 2, "the set and its proof"
    names = keeper("backups", "files", definition, line["id"], "keys")
    assert "django" in names
    its_own_worker_does_not_replace_it(keeper, definition)
    the_way_back_from_nothing(keeper, definition)


def its_own_worker_does_not_replace_it(keeper: Keeper, definition: Path) -> None:
    keeper("apply", definition)
    keeper("run", "recover.system", "schoolkeeper", "-o", "confirm=schoolkeeper", code=1)
    assert "schoolkeeper rescue recover.system" in keeper.complaint


def the_way_back_from_nothing(keeper: Keeper, definition: Path) -> None:
    """The machine is lost; the store, the private key and a copy of the definition are not."""
    keeper("users", "create", "m.karimova", "--role", "auditor", "--password-file", keeper.password())
    keeper("rescue", "backup.create", definition, "--confirm", "schoolkeeper")
    django = (keeper.home / "keys" / "django").read_text()
    kept = keeper.folder / "kept.toml"
    shutil.copy(definition, kept)
    shutil.rmtree(keeper.home)
    recover = ("rescue", "recover.system", kept, "--confirm", "schoolkeeper", "-o", "confirm=schoolkeeper")
    refused = keeper(*recover, code=1)
    assert "new_server" in refused, "another server is no target unless somebody says so"
    keeper(*recover, "-o", "new_server=true", "-o", "unproven=true")
    assert (keeper.home / "keys" / "django").read_text() == django
    assert keeper("users", "token", "m.karimova", "--for", "a check").startswith("sk_"), "the user is back"
    keeper("ledger", "verify")
