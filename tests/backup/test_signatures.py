"""Whoever may write to the store cannot make up a set or a proof that is believed."""

import os
import re
import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import pytest
from rich.console import Console

from schoolkeeper.catalogue.backup.copy.task import Copy
from schoolkeeper.catalogue.backup.drill.proofs import read_proofs
from schoolkeeper.catalogue.backup.prune.choosing import PruneOptions
from schoolkeeper.catalogue.backup.prune.task import Prune
from schoolkeeper.catalogue.backup.test_arrange import codes, findings
from schoolkeeper.catalogue.backup.verify.task import Verify
from schoolkeeper.catalogue.backup.verify.test_arrange import (
    DAY,
    HOUR,
    RECIPIENT,
    SYSTEM,
    Shelf,
    shelf,
    store,
    subject,
)
from schoolkeeper.cli.results import backups
from schoolkeeper.connectors.store.act import StoreAct
from schoolkeeper.connectors.store.component import StoreComponent
from schoolkeeper.connectors.store.manifest import Manifest
from schoolkeeper.kernel.finding import Level
from schoolkeeper.ledger.keys import KeySigner, generate, own_path
from schoolkeeper.testing.conformance import NOON, Subject

PAGE = Path(__file__).parents[2] / "docs" / "backup-format.md"


def key(folder: Path, name: str) -> KeySigner:
    generate(folder / name)
    return KeySigner(folder / name)


@pytest.fixture
def ours(tmp_path: Path) -> KeySigner:
    return key(tmp_path, "ours")


@pytest.fixture
def theirs(tmp_path: Path) -> KeySigner:
    return key(tmp_path, "theirs")


@pytest.fixture
def here(tmp_path: Path) -> Shelf:
    return shelf(tmp_path / "store")


def opened(here: Shelf, signer: KeySigner | None, *signed_by: str) -> StoreAct:
    definition = {"kind": "store", "path": here.folder, "recipients": [RECIPIENT], "signed_by": signed_by}
    return StoreAct("backups", StoreComponent.model_validate(definition), SYSTEM, signer)


def sealed(here: Shelf, manifest: Manifest, signer: KeySigner | None) -> Manifest:
    """A set that this signer has made, with a proof."""
    opened(here, signer).seal(manifest)
    prove(here, manifest, signer)
    return manifest


def prove(here: Shelf, manifest: Manifest, signer: KeySigner | None) -> None:
    path = here.path / here.prove(manifest, NOON)
    opened(here, signer).keep_proof(manifest.set, "r1", path.read_text())


def verify(here: Shelf, signer: KeySigner | None, *signed_by: str) -> Subject:
    one = subject(Verify(), here.folder.parent / "home", {"backups": store(here.folder, signed_by=signed_by)})
    one.signer = signer
    return one


def found(one: Subject) -> set[tuple[str, str]]:
    told = codes(findings(one, one.assess(), Level.INFO))
    return {(code, about) for code, about in told if code in ("not_ours", "unsigned", "unsound")}


def proven(store: StoreAct) -> set[str]:
    return {set_id for set_id, proofs in read_proofs(store, store.sets()).counting.items() if proofs}


def test_what_we_signed_is_ours(here: Shelf, ours: KeySigner) -> None:
    made = sealed(here, here.plant(NOON - HOUR, [b"rows"]), ours)
    one = verify(here, ours)
    assert found(one) == set()
    assert one.task.evidence(one.assess())[0].data["signed"] == 1
    assert proven(opened(here, ours)) == {made.set}
    assert {name for name in here.names if name.endswith(".sig")} == {
        f"sets/{made.set}/manifest.json.sig",
        f"proofs/{made.set}/r1.json.sig",
    }
    one.now = NOON + 2 * DAY
    foreign = [finding.code for finding in findings(one, one.assess()) if "foreign" in finding.code]
    assert foreign == [], "signatures are ours, and needed"


def test_the_command_line_knows_the_proof_of_a_signed_set(
    here: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_path(tmp_path).parent.mkdir(mode=0o700)
    generate(own_path(tmp_path))
    monkeypatch.setenv("SCHOOLKEEPER_HOME", str(tmp_path))
    sealed(here, here.plant(NOON - 2 * HOUR, [b"rows"]), KeySigner(own_path(tmp_path)))
    made = sealed(here, here.plant(NOON - HOUR, [b"rows"]), KeySigner(own_path(tmp_path)))
    system = verify(here, None).system
    newest, _ = backups.listed(system, "backups")
    shown = backups.shown(system, "backups", made.set)
    assert (newest.id, newest.proven) == (made.set, True)
    assert [proof.holds for proof in shown.proofs] == [True]


def test_old_sets_without_a_signature_are_a_note(here: Shelf, ours: KeySigner) -> None:
    old = here.plant(NOON - DAY, [b"old rows"])
    here.prove(old, NOON - DAY)
    assert found(verify(here, ours)) == {("unsigned", "backups")}
    new = sealed(here, here.plant(NOON - HOUR, [b"rows"]), ours)
    assert found(verify(here, ours)) == {("unsigned", "backups")}
    assert proven(opened(here, ours)) == {old.set, new.set}


def test_a_forged_set_without_a_signature_does_not_count(
    here: Shelf, ours: KeySigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = sealed(here, here.plant(NOON - 2 * HOUR, [b"rows"]), ours)
    forged = here.plant(NOON - HOUR, [b"grades as somebody wants them"])
    here.prove(forged, NOON)
    one = verify(here, ours)
    home = here.folder.parent
    own_path(home).parent.mkdir(mode=0o700)
    shutil.copy(home / "ours", own_path(home))
    monkeypatch.setenv("SCHOOLKEEPER_HOME", str(home))
    lines = backups.listed(one.system, "backups")
    assert {line.id: line.is_suspect for line in lines} == {made.set: False, forged.set: True}
    screen = Console(width=150)
    with screen.capture() as said:
        screen.print(backups.render(lines))
    assert forged.set in said.get().splitlines()[1]
    assert "may be somebody else's" in said.get().splitlines()[1]
    assert [line.is_usable for line in lines] == [False, True]
    assert ("not_ours", forged.set) in found(one)
    assert not one.task.evidence(one.assess())[0].holds
    assert proven(opened(here, ours)) == {made.set}


def test_a_set_of_another_key_is_no_set(here: Shelf, ours: KeySigner, theirs: KeySigner) -> None:
    made = sealed(here, here.plant(NOON - 2 * HOUR, [b"rows"]), ours)
    forged = sealed(here, here.plant(NOON - HOUR, [b"grades as somebody wants them"]), theirs)
    one = verify(here, ours)
    assert found(one) == {("unsound", forged.set)}
    (told,) = [finding.says for finding in findings(one, one.assess()) if finding.subject == forged.set]
    assert f"signed by a key that is not ours ({theirs.key_id})" in told
    assert proven(opened(here, ours)) == {made.set}
    assert found(verify(here, ours, theirs.key_id)) == set(), "unless the definition names it"
    assert proven(opened(here, None, ours.key_id)) == {made.set}, "in a rescue the definition says who we are"
    assert proven(opened(here, None)) == {made.set, forged.set}, "and where nobody says so, nobody can tell"


@pytest.mark.parametrize("what", ["altered", "moved", "nonsense"])
def test_an_altered_manifest_is_found_out(here: Shelf, ours: KeySigner, what: str) -> None:
    made = sealed(here, here.plant(NOON - HOUR, [b"rows"]), ours)
    other = sealed(here, here.plant(NOON - 2 * HOUR, [b"other rows"]), ours)
    path = here.path / f"sets/{made.set}/manifest.json"
    if what == "altered":
        path.write_text(path.read_text().replace('"rows": 1', '"rows": 2'))
    elif what == "moved":
        path.with_name("manifest.json.sig").write_bytes(
            (here.path / f"sets/{other.set}/manifest.json.sig").read_bytes()
        )
    else:
        path.with_name("manifest.json.sig").write_bytes(b"{}")
    assert ("unsound", made.set) in found(verify(here, ours))
    assert proven(opened(here, ours)) == {other.set}


def test_a_forged_proof_proves_nothing(here: Shelf, ours: KeySigner, theirs: KeySigner) -> None:
    made = here.plant(NOON - HOUR, [b"rows"])
    opened(here, ours).seal(made)
    here.prove(made, NOON)
    assert found(verify(here, ours)) == {("not_ours", f"{made.set}/r1")}
    assert proven(opened(here, ours)) == set()
    assert proven(opened(here, None, ours.key_id)) == {made.set}, "a rescue without the key must be able to prove"
    prove(here, made, theirs)
    assert found(verify(here, ours)) == {("not_ours", f"{made.set}/r1")}
    assert proven(opened(here, ours)) == set()
    assert proven(opened(here, None, ours.key_id)) == set()
    opened(here, ours).withdraw_proof(made.set, "r1")
    assert not [name for name in here.names if name.startswith("proofs/")]


def test_signatures_travel_with_their_sets(here: Shelf, ours: KeySigner, tmp_path: Path) -> None:
    made = sealed(here, here.plant(NOON - HOUR, [b"rows"]), ours)
    far = shelf(tmp_path / "far")
    one = subject(Copy(), tmp_path / "home", {"backups": store(here.folder), "far": store(far.folder)})
    one.signer = ours
    one.apply(one.plan())
    assert one.plan() == ()
    assert far.names == here.names
    assert proven(opened(far, ours)) == {made.set}


def test_making_a_set_anew_takes_its_signature_away(here: Shelf, ours: KeySigner) -> None:
    made = sealed(here, here.plant(NOON - HOUR, [b"rows"]), ours)
    opened(here, ours).unseal(made.set)
    assert f"sets/{made.set}/manifest.json.sig" not in here.names


def test_a_signature_is_verified_by_hand_as_the_page_says(here: Shelf, ours: KeySigner, tmp_path: Path) -> None:
    made = sealed(here, here.plant(NOON - HOUR, [b"rows"]), ours)
    (command,) = re.findall(r"^```bash\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-ec", command],
        env={**os.environ, "SET": str(here.path / "sets" / made.set), "SYSTEM": SYSTEM},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert ours.key_id in done.stdout
    assert "Signature Verified Successfully" in done.stdout


def forged_as_old(here: Shelf, at: datetime, says: datetime) -> str:
    """A set that its name makes the newest and its manifest older than signatures; and its proof."""
    forged = here.plant(at, [b"grades as somebody wants them"]).model_copy(update={"taken_at": says})
    (here.path / f"sets/{forged.set}/manifest.json").write_text(forged.model_dump_json())
    here.prove(forged, NOON)
    return forged.set


def test_a_forged_set_does_not_pass_as_one_from_before_there_were_signatures(here: Shelf, ours: KeySigner) -> None:
    made = sealed(here, here.plant(NOON - 2 * HOUR, [b"rows"]), ours)
    forged = forged_as_old(here, NOON - HOUR, NOON - 30 * DAY)
    assert proven(opened(here, ours)) == {made.set}
    assert ("not_ours", forged) in found(verify(here, ours))


def test_a_set_of_a_day_that_there_is_not_is_suspect(here: Shelf, ours: KeySigner) -> None:
    made = sealed(here, here.plant(NOON - 2 * HOUR, [b"rows"]), ours)
    never = "99999999T999999Z-00000000"
    text = (here.path / f"sets/{made.set}/manifest.json").read_text().replace(made.set, never)
    (here.path / "sets" / never).mkdir()
    (here.path / "sets" / never / "manifest.json").write_text(text)
    assert proven(opened(here, ours)) == {made.set}


def test_retention_does_not_let_a_forged_set_stand_for_ours(here: Shelf, ours: KeySigner) -> None:
    made = [sealed(here, here.plant(NOON - n * DAY, [b"rows"]), ours) for n in (4, 3, 2, 1)]
    for n in (3, 2, 1):
        here.plant(NOON - n * DAY + HOUR, [b"grades as somebody wants them"])
    rule = PruneOptions(
        keep_last=3, keep_daily=3, keep_weekly=0, keep_monthly=0, keep_yearly=0, keep_within_days=0
    )
    one = subject(Prune(), here.folder.parent / "home", {"backups": store(here.folder)}, rule)
    one.signer = ours
    one.apply(one.plan())
    assert set(here.sets) >= {one.set for one in made[1:]}
