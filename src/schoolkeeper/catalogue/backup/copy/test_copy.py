"""What `backup.copy` promises, between real stores."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from schoolkeeper.catalogue.backup.copy.facts import CopyFacts
from schoolkeeper.catalogue.backup.copy.sending import send_set
from schoolkeeper.catalogue.backup.copy.task import Copy, CopyOptions
from schoolkeeper.catalogue.backup.create.earlier import DAMAGED
from schoolkeeper.catalogue.backup.create.task import Create
from schoolkeeper.catalogue.backup.test_arrange import (
    School,
    apply_elsewhere,
    back_up,
    carry_out,
    codes,
    drill,
    findings,
    found_school,
    later,
)
from schoolkeeper.catalogue.backup.verify.task import Verify, VerifyOptions
from schoolkeeper.catalogue.backup.verify.test_arrange import DAY, HOUR, Shelf, far_store, shelf, store, subject
from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.gentle import Pace
from schoolkeeper.connectors.store.manifest import Manifest
from schoolkeeper.connectors.store.places.folder import FolderPlace
from schoolkeeper.kernel.errors import Permanent, Temporary
from schoolkeeper.kernel.finding import Level
from schoolkeeper.kernel.plan import Step
from schoolkeeper.testing import Conformance, Subject
from schoolkeeper.testing.conformance import NOON
from schoolkeeper.testing.plugin import HOME

KILLED = -9


@pytest.fixture
def here(tmp_path: Path) -> Shelf:
    return shelf(tmp_path / "store")


@pytest.fixture
def far(tmp_path: Path) -> Shelf:
    return shelf(tmp_path / "far")


def copying(here: Shelf, *others: Shelf, **options: object) -> Subject:
    stores = {"backups": store(here.folder), **{one.folder.name: store(one.folder) for one in others}}
    return subject(Copy(), here.folder.parent / "home", stores, CopyOptions.model_validate(options))


def assessed(one: Subject) -> CopyFacts:
    return cast(CopyFacts, one.assess())


def days(here: Shelf, count: int) -> list[Manifest]:
    """A set each day, oldest first; each shares a pack with the one before."""
    made: list[Manifest] = []
    for back in reversed(range(count)):
        shared = [made[-1].database.packs[-1]] if made else []
        made.append(here.plant(NOON - HOUR - back * DAY, [f"rows of day {back}".encode()], shared))
    return made


def keys(steps: Sequence[Step]) -> list[str]:
    return [step.key for step in steps]


class TestConformance(Conformance):
    @pytest.fixture
    def subject(self, here: Shelf, far: Shelf, tmp_path: Path) -> Iterator[Subject]:
        """One store is empty, one has a set without its newest proof and with a lost pack."""
        third = shelf(tmp_path / "third")
        days(here, 2)
        first = days(third, 2)[0]
        here.prove(first, NOON)
        (third.path / first.database.packs[0].name).unlink()
        yield copying(here, far, third)
        assert far.broken() == []


def test_a_copy_is_the_same_byte_for_byte_and_holds(here: Shelf, far: Shelf) -> None:
    made = days(here, 3)
    here.prove(made[1], NOON)
    one = copying(here, far)
    assert keys(one.plan()) == [f"copy:far:{manifest.set}" for manifest in made], "oldest first"
    one.apply(one.plan())
    assert {name: (far.path / name).read_bytes() for name in far.names} == {
        name: (here.path / name).read_bytes() for name in here.names
    }
    assert findings(one, one.assess()) == []
    (evidence,) = one.task.evidence(one.assess())
    assert (evidence.kind, evidence.key, evidence.holds) == ("copy", "far", True)
    both = {"backups": store(here.folder), "far": store(far.folder)}
    check = subject(Verify(), one.home, both, VerifyOptions(store="far"))
    assert findings(check, check.assess()) == []


def test_what_another_tool_keeps_does_not_travel_and_the_copy_says_so(here: Shelf, far: Shelf) -> None:
    here.hold(here.plant(NOON - HOUR, [b"rows of today"]), "bucket")
    stores = {"backups": store(here.folder), "far": store(far.folder, offsite=True)}
    tool = {"kind": "restic", "repository": "/srv/restic", "password": "env:RESTIC"}
    for offsite, holds in ((False, False), (True, True)):
        one = subject(Copy(), here.folder.parent / "home", {**stores, "bucket": {**tool, "offsite": offsite}})
        one.apply(one.plan())
        (evidence,) = one.task.evidence(one.assess())
        assert evidence.holds is holds
        assert "without database (bucket keeps it" in evidence.says
        assert ("incomplete", "far/database") in codes(findings(one, one.assess())) or holds


def test_what_the_target_has_does_not_travel_again(here: Shelf, far: Shelf) -> None:
    made = days(here, 2)
    one = copying(here, far)
    one.apply(one.plan())
    stamps = {name: (far.path / name).stat().st_mtime_ns for name in far.names}
    newest = here.plant(NOON, [b"rows of now"], made[1].database.packs)
    assert assessed(one).targets[0].bytes == sum(
        part.size_bytes for part in newest.parts if newest.set in part.name
    )
    one.apply(one.plan())
    assert {name: (far.path / name).stat().st_mtime_ns for name in stamps} == stamps


def test_what_the_target_gave_up_does_not_come_back(here: Shelf, far: Shelf) -> None:
    made = days(here, 3)
    newest = copying(here, far, which="newest")
    assert keys(newest.plan()) == [f"copy:far:{made[2].set}"]
    newest.apply(newest.plan())
    assert copying(here, far).plan() == (), "the others are older than the newest there"
    assert len(copying(here, far, which="all").plan()) == 2


def test_a_proof_made_later_follows_its_set(here: Shelf, far: Shelf) -> None:
    (made,) = days(here, 1)
    one = copying(here, far)
    one.apply(one.plan())
    name = here.prove(made, NOON)
    assert keys(one.plan()) == ["proofs:far"]
    one.apply(one.plan())
    assert name in far.names


def test_a_broken_set_of_the_target_is_mended_and_loses_its_mark(here: Shelf, far: Shelf) -> None:
    made = days(here, 2)
    one = copying(here, far)
    one.apply(one.plan())
    pack = made[0].database.packs[0].name
    far.flip(pack)
    far.put(pack + DAMAGED, b"", NOON)
    assert keys(one.plan()) == [f"copy:far:{manifest.set}" for manifest in made], "both need the pack"
    one.apply(one.plan())
    assert far.broken() == []
    assert pack + DAMAGED not in far.names
    far_to_here = copying(here, far, source="far", to="backups")
    (here.path / pack).unlink()
    far_to_here.apply(far_to_here.plan())
    assert here.broken() == [], "and the other way round"


def test_a_damaged_set_is_not_copied(here: Shelf, far: Shelf) -> None:
    made = [here.plant(NOON - HOUR - back * DAY, [f"rows of day {back}".encode()]) for back in (1, 0)]
    here.put(made[0].database.packs[0].name + DAMAGED, b"", NOON)
    one = copying(here, far)
    assert keys(one.plan()) == [f"copy:far:{made[1].set}"]
    assert ("source_damaged", made[0].set) in codes(findings(one, one.assess()))
    here.flip(made[1].database.packs[0].name)
    with pytest.raises(Permanent, match="is damaged, so it is not copied"):
        one.apply(one.plan())
    assert far.sets == []


def test_two_sets_of_one_name_are_left_as_they_are(here: Shelf, far: Shelf) -> None:
    days(here, 1)
    (other,) = days(far, 1)
    manifest = far.path / f"sets/{other.set}/manifest.json"
    manifest.write_text(manifest.read_text().replace('"pg_dump"', '"another"'))
    before = far.names
    one = copying(here, far)
    assert one.plan() == ()
    assert codes(findings(one, one.assess(), Level.ERROR)) == {("differs", f"far/{other.set}")}
    assert far.names == before


def test_a_pack_of_another_content_under_the_same_name_is_not_replaced(here: Shelf, far: Shelf) -> None:
    """A set of the target needs it as it is."""
    first = here.plant(NOON - DAY, [b"rows"])
    far.plant(NOON - DAY, [b"ROWS"])
    here.plant(NOON - HOUR, [b"new"], first.database.packs)
    one = copying(here, far)
    assert one.plan() == ()
    assert len(findings(one, one.assess(), Level.ERROR)) == 2
    assert far.broken() == []


def test_a_store_without_room_is_told_and_the_others_are_filled(
    here: Shelf, far: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    third = shelf(tmp_path / "third")
    days(here, 1)
    monkeypatch.setattr(FolderPlace, "free_bytes", lambda self: 5 if self.path == far.folder else 10**9)
    one = copying(here, far, third)
    one.apply(one.plan())
    assert (far.sets, len(third.sets)) == ([], 1)
    assert codes(findings(one, one.assess(), Level.ERROR)) == {("target_full", "far")}


def test_a_store_that_is_closed_holds_up_no_other(here: Shelf, far: Shelf, tmp_path: Path) -> None:
    days(here, 1)
    one = copying(here, far, Shelf(tmp_path / "unmounted"))
    one.apply(one.plan())
    assert len(far.sets) == 1
    assert codes(findings(one, one.assess())) == {("unknown", "unmounted")}


def test_one_store_alone_has_nothing_to_copy_to(here: Shelf) -> None:
    days(here, 1)
    one = copying(here)
    assert (one.plan(), findings(one, one.assess(), Level.INFO)) == ((), [])
    with pytest.raises(Permanent, match="cannot be copied to itself"):
        copying(here, to="backups").assess()


def test_what_was_written_is_read_back(here: Shelf, far: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    days(here, 1)
    one, whole = copying(here, far), FolderPlace.put

    def put(self: FolderPlace, name: str, data: bytes) -> None:
        whole(self, name, data[:-1] + b"?" if "/packs/" in name else data)

    monkeypatch.setattr(FolderPlace, "put", put)
    with pytest.raises(Temporary, match=r"written, then read back: .* is not what was written"):
        one.apply(one.plan())
    assert far.sets == []
    monkeypatch.undo()
    one.apply(one.plan())
    assert far.broken() == [], "what the first try left behind was read, and replaced"
    assert len(far.sets) == 1


def test_the_pace_is_kept(here: Shelf, far: Shelf) -> None:
    """With a clock of the test's own: a thousand bytes a second and no more."""
    (made,) = days(here, 1)
    waited = [0.0]
    pace = Pace(1_000, clock=lambda: waited[0], sleep=lambda seconds: waited.__setitem__(0, waited[0] + seconds))
    one = copying(here, far)
    with Act(one.system, one.profile, one.context(), one.task.spec) as act:
        send_set(act.look.store("backups"), act.store("far"), made.set, pace)
    assert waited[0] == pytest.approx(sum(part.size_bytes for part in made.parts) / 1_000)


AT_THE_END = ("backup.copy.set.before_proofs", "backup.copy.set.before_manifest", "backup.copy.set.after_manifest")


def test_killed_at_any_of_twenty_moments_a_copy_goes_on_and_only_whole_sets_count(here: Shelf, far: Shelf) -> None:
    """Each process dies after the next object; at last before and after what makes the copy count."""
    first = here.plant(NOON - DAY, [f"rows {number}".encode() for number in range(10)])
    second = here.plant(NOON - HOUR, [b"rows of today"], first.database.packs)
    one = copying(here, far)
    steps, kills = one.plan(), 0
    for step, objects in zip(steps, (12, 2), strict=True):
        for point in (*["backup.copy.set.half"] * objects, *AT_THE_END):
            kills += apply_elsewhere(one, step, point) == KILLED
            assert far.broken() == []
    assert kills == 20
    assert far.sets == [first.set, second.set]
    one.apply(steps)
    assert one.plan() == ()
    assert {name: (far.path / name).read_bytes() for name in far.names} == {
        name: (here.path / name).read_bytes() for name in here.names
    }


@pytest.mark.parametrize("kind", ["s3", "sftp"])
def test_copies_at_another_place_are_whole_and_verified_there(kind: str, here: Shelf, tmp_path: Path) -> None:
    made = days(here, 2)
    here.prove(made[1], NOON)
    with far_store(kind, tmp_path) as (there, definition):
        stores = {"backups": store(here.folder), "far": definition}
        one = subject(Copy(), tmp_path / "home", stores)
        one.apply(one.plan())
        assert one.plan() == ()
        assert there.sets == [manifest.set for manifest in made]
        assert there.broken() == []
        check = subject(Verify(), tmp_path / "home", stores, VerifyOptions(store="far"))
        assert findings(check, check.assess()) == []
        bucket_rule = subject(Verify(), tmp_path / "home", stores, environment="production")
        told = [finding.says for finding in findings(bucket_rule, bucket_rule.assess())]
        assert told == [] if kind == "s3" else "all of them lie on one kind of medium" in told[0]
        pack = made[0].database.packs[0].name
        there.flip(pack)
        check.apply(check.plan())
        assert pack + DAMAGED in there.names
        one.apply(one.plan())
        assert there.broken() == []
        assert findings(check, check.assess()) == []


@pytest.fixture
def school(database: str) -> Iterator[School]:
    """Below a folder that the scratch server's account can get to."""
    folder = Path(tempfile.mkdtemp(dir=HOME))
    folder.chmod(0o711)
    yield found_school(folder, database)
    shutil.rmtree(folder)


def test_a_copy_of_a_real_set_is_proven_to_restore(school: School, far: Shelf, tmp_path: Path) -> None:
    """Two sets that share packs, copied, then drilled where they were copied to."""
    back_up(school)
    school.query("INSERT INTO mark VALUES ('b', 'p', 1, 'ab')")
    carry_out(later(school.subject(Create()), "second"))
    near = Shelf(school.store)
    one = subject(Copy(), tmp_path / "home", {"backups": store(near.folder), "far": store(far.folder)})
    one.apply(one.plan())
    assert far.sets == near.sets
    assert len(far.sets) == 2
    assert drill(school, path=str(far.folder)) == []
    assert len(list(far.path.glob("proofs/*/*.json"))) == 1
    there, now = {"far": store(far.folder)}, datetime.now(UTC)
    check = subject(Verify(), tmp_path / "home", there, VerifyOptions(store="far"), now)
    assert findings(check, check.assess()) == []
