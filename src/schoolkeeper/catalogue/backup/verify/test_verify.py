"""What `backup.verify` promises, on real stores."""

import os
import shutil
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schoolkeeper.catalogue.backup.create.earlier import DAMAGED
from schoolkeeper.catalogue.backup.test_arrange import codes, findings
from schoolkeeper.catalogue.backup.verify.concluding import verification
from schoolkeeper.catalogue.backup.verify.copies import CopyFacts, HeldPart, lacking
from schoolkeeper.catalogue.backup.verify.facts import VerifyFacts
from schoolkeeper.catalogue.backup.verify.holdings import owner
from schoolkeeper.catalogue.backup.verify.reading import cycle_days, is_due
from schoolkeeper.catalogue.backup.verify.task import Verify, VerifyOptions
from schoolkeeper.catalogue.backup.verify.test_arrange import DAY, HOUR, Shelf, shelf, store, subject
from schoolkeeper.connectors.store.places.folder import FolderPlace
from schoolkeeper.kernel.errors import Unreachable
from schoolkeeper.kernel.finding import Level
from schoolkeeper.testing import Conformance, Subject
from schoolkeeper.testing.conformance import NOON


@pytest.fixture
def here(tmp_path: Path) -> Shelf:
    return shelf(tmp_path / "store")


def verify(here: Shelf, options: VerifyOptions | None = None, **other: object) -> Subject:
    """The task on a system with this one store."""
    stores = {"backups": store(here.folder, **other)}
    return subject(Verify(), here.folder.parent / "home", stores, options)


def assessed(one: Subject) -> VerifyFacts:
    return cast(VerifyFacts, one.assess())


def found(one: Subject, least: Level = Level.WARNING) -> set[tuple[str, str]]:
    return codes(findings(one, one.assess(), least))


class TestConformance(Conformance):
    @pytest.fixture
    def subject(self, here: Shelf) -> Subject:
        """One pack is damaged and not marked yet, one is marked and sound again."""
        first = here.plant(NOON - DAY, [b"rows of yesterday", b"more rows"])
        here.plant(NOON - HOUR, [b"rows of today"], first.database.packs)
        here.flip(first.database.packs[0].name)
        here.put(first.database.packs[1].name + DAMAGED, b"", NOON - DAY)
        return verify(here)


def test_a_sound_store_holds_and_the_numbers_are_those_of_the_store(here: Shelf) -> None:
    first = here.plant(NOON - DAY, [b"rows of yesterday"])
    second = here.plant(NOON - HOUR, [b"rows of today"], first.database.packs)
    one = verify(here)
    facts = assessed(one)
    parts = {part.name: part for manifest in (first, second) for part in manifest.parts}
    assert (facts.objects, facts.bytes) == (len(parts), sum(part.size_bytes for part in parts.values()))
    assert facts.store_bytes == sum((here.path / name).stat().st_size for name in here.names)
    assert findings(one, facts) == []
    (evidence,) = one.task.evidence(facts)
    assert (evidence.kind, evidence.key, evidence.holds) == ("verification", "backups", True)
    assert (evidence.data["sets"], evidence.data["left_objects"]) == (2, 0)
    numbers = {one.name: one.value for one in one.task.measure(facts)}
    assert numbers["backup.verified_bytes"] == facts.bytes
    assert numbers["backup.orphan_bytes"] == 0


def test_of_an_empty_store_nothing_soothing_is_said(here: Shelf) -> None:
    one = verify(here)
    (evidence,) = one.task.evidence(one.assess())
    assert (evidence.holds, evidence.says) == (False, "backups holds no backup set, so there was nothing to read.")
    one.recorded_sets = lambda: frozenset({"20260301T110000Z-11111111"})
    (evidence,) = one.task.evidence(one.assess())
    assert evidence.says.endswith("Sets that are gone, although no rule removed them: 1.")


def test_what_could_not_be_read_is_unknown_and_not_broken(here: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as a key of S3 that may list but not read, or a server that asks us to slow down."""
    here.plant(NOON - HOUR, [b"rows"])

    def refused(self: FolderPlace, name: str) -> bytes:
        if "/packs/" in name:
            raise Unreachable("backups", "the access key has no right to do this")
        return (here.folder / name).read_bytes()

    monkeypatch.setattr(FolderPlace, "get", refused)
    one = verify(here)
    assert found(one) == {("unknown", "backups")}
    assert not one.task.evidence(one.assess())[0].holds
    one.now = NOON + 2 * DAY
    assert found(one) == {("unknown", "backups"), ("overdue", "")}, "nobody needs to read it to know its age"


def test_what_could_not_be_read_is_said_beside_what_was(here: Shelf) -> None:
    here.plant(NOON - HOUR, [b"rows"])
    facts = assessed(verify(here))
    shut = facts.model_copy(update={"unreadable": {"packs/a": "the server answers 503"}})
    says = verification(shut).says
    assert "1 could not be read" in says
    assert "All" not in says
    unsound = facts.model_copy(update={"unsound": {"20260301T110000Z-11111111": "it has no manifest"}})
    assert "Sets that cannot be used: 1." in verification(unsound).says


def test_sets_that_vanished_are_missed_although_what_is_there_is_sound(here: Shelf) -> None:
    """Such as below the folder of a disk that is not mounted."""
    there, lost = here.plant(NOON - HOUR, [b"rows of today"]), here.plant(NOON - DAY, [b"rows of yesterday"])
    one = verify(here)
    one.recorded_sets = lambda: frozenset({there.set, lost.set})
    assert found(one) == set()
    shutil.rmtree(here.path / "sets" / lost.set)
    assert found(one) == {("gone", "backups")}
    (evidence,) = one.task.evidence(one.assess())
    assert (evidence.holds, evidence.data["gone"]) == (False, [lost.set])
    one.recorded_sets = None
    assert found(one) == set(), "nobody knows"


@pytest.mark.parametrize("name", ["database.0001", "database.index", "SHA256SUMS"])
def test_a_flipped_bit_and_a_lost_object_are_found_whatever_they_are(here: Shelf, name: str) -> None:
    manifest = here.plant(NOON - HOUR, [b"rows of today"])
    (path,) = (path for path in here.path.rglob(f"*{name}*") if path.is_file())
    full = str(path.relative_to(here.path))
    here.flip(full)
    one = verify(here)
    assert ("damaged", full) in found(one, Level.ERROR)
    assert not one.task.evidence(one.assess())[0].holds
    path.unlink()
    one = verify(here)
    assert ("damaged", full) in found(one, Level.ERROR)
    assert manifest.set in {
        finding.says.rpartition("set ")[2].rstrip(".") for finding in findings(one, one.assess())
    }
    assert one.plan() == (), "what is not there needs no mark"


def test_the_mark_keeps_the_next_set_away_and_goes_when_the_pack_is_sound_again(here: Shelf) -> None:
    manifest = here.plant(NOON - HOUR, [b"rows of today"])
    pack = manifest.database.packs[0].name
    here.flip(pack)
    one = verify(here)
    one.apply(one.plan())
    assert pack + DAMAGED in here.names
    assert assessed(verify(here, VerifyOptions(read_share_percent=1))).damaged, "marked packs are read each day"
    here.flip(pack)
    one = verify(here)
    assert [step.key for step in one.plan()] == [f"unmark:{pack}"]
    one.apply(one.plan())
    assert pack + DAMAGED not in here.names
    assert found(one) == set()


def test_a_damaged_newest_set_is_no_reason_to_call_the_store_fresh(here: Shelf) -> None:
    here.plant(NOON - 25 * HOUR, [b"rows of yesterday"])
    newest = here.plant(NOON - HOUR, [b"rows of today"])
    assert found(verify(here)) == set()
    here.flip(newest.database.packs[0].name)
    assert ("overdue", "") in found(verify(here))


def test_what_nobody_needs_is_told_by_its_kind_once_it_is_a_day_old(here: Shelf) -> None:
    here.plant(NOON - HOUR, [b"rows of today"])
    lost = here.plant(NOON - 3 * DAY, [b"rows of a lost set"])
    here.prove(lost, NOON - 2 * DAY)
    (here.path / f"sets/{lost.set}/manifest.json").unlink()
    here.put("notes.txt", b"somebody's", NOON - 2 * DAY)
    underway = here.plant(NOON - 30 * HOUR, [b"being made"])
    (here.path / f"sets/{underway.set}/manifest.json").unlink()
    os.utime(here.path / underway.database.packs[0].name, (NOON.timestamp(), NOON.timestamp()))
    one = verify(here)
    facts = assessed(one)
    assert {owner(name) for name in facts.orphans.names} == {lost.set}
    assert facts.orphans.count == 4
    assert (facts.strays.count, facts.foreign.names) == (1, ["notes.txt"])
    assert codes(findings(one, facts, Level.INFO)) >= {
        ("orphans", "backups"),
        ("stray_proofs", "backups"),
        ("foreign", "backups"),
    }


def test_while_a_manifest_cannot_be_read_no_pack_is_called_unneeded(here: Shelf) -> None:
    here.plant(NOON - HOUR, [b"rows of today"])
    unsound = here.plant(NOON - 3 * DAY, [b"rows of a set that nobody understands"])
    here.put(f"sets/{unsound.set}/manifest.json", b"{}", NOON - 3 * DAY)
    one = verify(here)
    facts = assessed(one)
    assert facts.orphans.count == 0
    assert codes(findings(one, facts)) == {("unsound", unsound.set)}
    assert not facts.holds


@given(
    names=st.sets(st.text(min_size=1), max_size=30), percent=st.integers(1, 100), start=st.dates(date(2020, 1, 1))
)
def test_within_a_cycle_each_object_is_read_once(names: set[str], percent: int, start: date) -> None:
    days = [start + timedelta(days=day) for day in range(cycle_days(percent)) if start < date(9999, 1, 1)]
    read = Counter(name for day in days for name in names if is_due(name, day, percent))
    assert read == dict.fromkeys(names, 1) or not days
    assert 100 / cycle_days(percent) <= percent


def test_a_share_of_the_day_says_what_it_left_out_and_looks_for_it_all_the_same(here: Shelf) -> None:
    manifest = here.plant(NOON - HOUR, [bytes([number]) * 10 for number in range(40)])
    options = VerifyOptions(read_share_percent=25)
    today = assessed(verify(here, options))
    assert 0 < today.objects < 42 == today.objects + today.left_objects
    assert today.cycle_days == 4
    one = verify(here, options)
    assert ("not_read", "backups") in found(one, Level.INFO)
    assert "left for another day" in one.task.evidence(today)[0].says
    read = set[str]()
    for day in range(4):
        one = verify(here, options)
        one.now = NOON + day * DAY
        read |= {part.name for part in manifest.parts if is_due(part.name, one.now.date(), 25)}
    assert read == {part.name for part in manifest.parts}
    for part in manifest.database.packs:
        (here.path / part.name).unlink()
    assert len(assessed(verify(here, options)).damaged) == 40


def test_an_object_that_the_place_does_not_hand_out_is_unknown(
    here: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = here.plant(NOON - HOUR, [b"rows of today"])
    (bad,) = (part.name for part in manifest.database.packs)
    whole = FolderPlace.get

    def get(self: FolderPlace, name: str) -> bytes:
        if name.endswith(bad):
            raise Unreachable("backups", "Input/output error")
        return whole(self, name)

    monkeypatch.setattr(FolderPlace, "get", get)
    one = verify(here)
    facts = assessed(one)
    assert codes(findings(one, facts, Level.UNKNOWN)) == {("unknown", "backups")}
    assert not facts.holds
    assert one.task.plan(facts, one.options) == (), "not known to be damaged"


def locked(until: datetime | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        FolderPlace, "locked_until", lambda self, name: until if "index" in name else NOON + 90 * DAY
    )


def test_the_lock_of_the_newest_set_is_that_of_its_least_locked_object(
    here: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.plant(NOON - HOUR, [b"rows of today"])
    locked(NOON + 30 * DAY, monkeypatch)
    one = verify(here, lock_expected_days=30)
    assert assessed(one).locked_until == NOON + 30 * DAY
    assert found(one) == set()
    assert "locked until 2026-04-01" in one.task.evidence(one.assess())[0].says
    for until in (NOON + 29 * DAY, None):
        locked(until, monkeypatch)
        assert found(verify(here, lock_expected_days=30)) == {("lock_short", "backups")}
        assert found(verify(here)) == set(), "nobody expects a lock"


def copy(name: str, *, offsite: bool = False, medium: str = "disk", age: timedelta | None = HOUR) -> CopyFacts:
    return CopyFacts(store=name, offsite=offsite, medium=medium, newest_at=None if age is None else NOON - age)


def test_the_rule_says_exactly_what_is_missing() -> None:
    def missing(*copies: CopyFacts) -> str:
        return "; ".join(lacking(copies, NOON, DAY))

    good = copy("far", offsite=True, medium="object")
    assert missing(copy("near"), good) == ""
    assert missing(good) == "there are 2 copies instead of 3, the running system counted"
    assert missing(copy("near"), copy("far", medium="object")) == "none lies in another building"
    assert missing(copy("near"), copy("far", offsite=True)) == "all of them lie on one kind of medium (disk)"
    stale = copy("far", offsite=True, medium="object", age=DAY + HOUR)
    assert "there are 2 copies" in missing(copy("near"), stale)
    assert "far has no set younger than the target" in missing(copy("near"), stale)
    assert missing(copy("near"), copy("far", offsite=True, medium="object", age=DAY)) == ""


def held(by: str = "restic", part: str = "database", **where: object) -> HeldPart:
    return HeldPart.model_validate({"part": part, "by": by, **where})


def test_what_another_tool_keeps_is_one_copy_however_many_stores_there_are() -> None:
    def missing(*held: HeldPart, parts: Sequence[str] = ("uploads",)) -> str:
        update = {"parts": list(parts), "held": list(held)}
        good = copy("near"), copy("far", offsite=True, medium="object"), copy("third", medium="tape")
        return "; ".join(lacking([one.model_copy(update=update) for one in good], NOON, DAY))

    assert missing(parts=["database", "uploads"]) == ""
    beside = missing(held())
    assert "of database there are 2 copies instead of 3, the running system counted" in beside
    assert "all copies of database lie on one kind of medium (disk)" in beside
    assert "no copy of database lies in another building" in beside
    assert "only restic keeps database, and no copy of the set contains it" in beside
    assert "uploads" not in beside
    assert missing(held(offsite=True, medium="object")) == (
        "of database there are 2 copies instead of 3, the running system counted; "
        "only restic keeps database, and no copy of the set contains it"
    )
    assert "there are 2 copies instead of 3" in missing(held(), held(part="uploads"), parts=[])
    assert "only restic keeps uploads" in missing(held(), held(part="uploads"), parts=[])


def test_a_tool_and_a_store_that_both_keep_a_part_are_two_copies() -> None:
    near = copy("near").model_copy(update={"parts": ["uploads"], "held": [held()]})
    far = copy("far", offsite=True, medium="object").model_copy(update={"parts": ["database", "uploads"]})
    assert lacking([near, far], NOON, DAY) == []
    closed = CopyFacts(store="closed", offsite=True, medium="tape", fault="no network")
    assert lacking([near, closed], NOON, DAY) == [], "nobody knows what it holds, which is said elsewhere"


def test_where_a_held_part_lies_is_what_the_definition_of_the_tool_says(here: Shelf, tmp_path: Path) -> None:
    far = shelf(tmp_path / "far")
    for place in (here, far):
        place.hold(place.plant(NOON - HOUR, [b"rows of today"]), "bucket")
    where = {"backups": store(here.folder), "far": store(far.folder, offsite=True, medium="object")}
    tool = {"kind": "restic", "repository": "/srv/restic", "password": "env:RESTIC"}
    for more, is_far in (
        ({}, False),
        ({"bucket": tool}, False),
        ({"bucket": {**tool, "offsite": True, "medium": "object"}}, True),
    ):
        one = subject(Verify(), tmp_path / "home", {**where, **more}, environment="production")
        (finding,) = findings(one, one.assess())
        (evidence,) = one.task.evidence(one.assess())
        assert "only bucket keeps database, and no copy of the set contains it" in finding.says
        assert ("none lies in another building" in finding.says) is not is_far
        assert "Not in this store, and so not read: database by restic." in evidence.says
        assert evidence.data["held"] == ["database by restic"]
        assert evidence.data["three_two_one_lacks"]


def test_the_rule_is_asked_of_all_stores_and_one_that_is_closed_is_unknown(here: Shelf, tmp_path: Path) -> None:
    here.plant(NOON - HOUR, [b"rows of today"])
    far = shelf(tmp_path / "far")
    stores = {
        "backups": store(here.folder),
        "far": store(far.folder, offsite=True, medium="object"),
        "gone": store(tmp_path / "unmounted"),
    }
    one = subject(Verify(), tmp_path / "home", stores, environment="production")
    assert found(one) == {("unknown", "gone"), ("three_two_one", "")}
    del stores["gone"]
    one = subject(Verify(), tmp_path / "home", stores, environment="production")
    assert found(one) == {("three_two_one", "")}
    far.plant(NOON - HOUR, [b"rows of today"])
    assert found(one) == set()


def test_a_scratch_system_is_told_gently_that_it_has_one_store(here: Shelf) -> None:
    here.plant(NOON - HOUR, [b"rows of today"])
    assert found(verify(here)) == set()
    assert ("three_two_one", "") in found(verify(here), Level.INFO)


def test_days_are_those_of_the_system(here: Shelf, tmp_path: Path) -> None:
    """At 20:00 UTC it is the next day in Tashkent."""
    manifest = here.plant(NOON - HOUR, [bytes([number]) * 10 for number in range(20)])
    options = VerifyOptions(read_share_percent=50)
    one = subject(
        Verify(),
        tmp_path / "home",
        {"backups": store(here.folder)},
        options,
        datetime(2026, 3, 2, 20, tzinfo=UTC),
        timezone="Asia/Tashkent",
    )
    assert assessed(one).objects == sum(is_due(part.name, date(2026, 3, 3), 50) for part in manifest.parts)


def test_notes_about_keys_are_ours(here: Shelf) -> None:
    here.plant(NOON - HOUR, [b"rows of today"])
    here.put(f"keys/{'0' * 16}.json", b"{}", NOON - 3 * DAY)
    assert found(verify(here)) == set()


def test_a_set_from_a_time_to_come_hides_no_old_ones(here: Shelf) -> None:
    here.plant(NOON - 3 * DAY, [b"rows"])
    future = here.plant(NOON + 300 * DAY, [b"rows of a clock that was wrong"])
    assert found(verify(here)) == {("overdue", ""), ("unknown", future.set)}


def test_a_manifest_that_names_what_lies_elsewhere_is_not_sound(here: Shelf) -> None:
    manifest = here.plant(NOON - HOUR, [b"rows of today"])
    path = here.path / f"sets/{manifest.set}/manifest.json"
    path.write_text(path.read_text().replace(manifest.database.contents.name, "../../other-college/secret"))
    assert ("unsound", manifest.set) in found(verify(here))
