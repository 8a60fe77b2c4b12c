"""What `backup.prune` promises, on real stores."""

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schoolkeeper.catalogue.backup.prune.choosing import PruneOptions, keeping, kept
from schoolkeeper.catalogue.backup.prune.facts import PrunableSet, PruneFacts
from schoolkeeper.catalogue.backup.prune.retention import Rule
from schoolkeeper.catalogue.backup.prune.task import Prune
from schoolkeeper.catalogue.backup.test_arrange import apply_elsewhere, codes, findings
from schoolkeeper.catalogue.backup.verify.task import Verify
from schoolkeeper.catalogue.backup.verify.test_arrange import (
    DAY,
    HOUR,
    Shelf,
    far_store,
    hand_over,
    shelf,
    store,
    subject,
)
from schoolkeeper.connectors.store.manifest import Manifest
from schoolkeeper.connectors.store.places.folder import FolderPlace
from schoolkeeper.kernel.errors import Permanent
from schoolkeeper.kernel.finding import Level
from schoolkeeper.kernel.plan import Step
from schoolkeeper.testing import Conformance, Subject
from schoolkeeper.testing.conformance import NOON

KILLED = -9
FEW = PruneOptions(keep_last=3, keep_daily=0, keep_weekly=0, keep_monthly=0, keep_yearly=0, keep_within_days=0)


@pytest.fixture
def here(tmp_path: Path) -> Shelf:
    return shelf(tmp_path / "store")


def prune(here: Shelf, options: PruneOptions = FEW, **other: object) -> Subject:
    stores = {"backups": store(here.folder, **other)}
    return subject(Prune(), here.folder.parent / "home", stores, options)


def assessed(one: Subject) -> PruneFacts:
    return cast(PruneFacts, one.assess())


def days(here: Shelf, count: int, *, last: datetime = NOON - HOUR) -> list[Manifest]:
    """A set each day, oldest first; each shares a pack with the one before and has one of its own."""
    made: list[Manifest] = []
    for back in reversed(range(count)):
        shared = [made[-1].database.packs[-1]] if made else []
        made.append(here.plant(last - back * DAY, [f"rows of day {back}".encode()], shared))
    return made


def keys(steps: Sequence[Step]) -> list[str]:
    return [step.key for step in steps]


class TestConformance(Conformance):
    @pytest.fixture
    def subject(self, here: Shelf) -> Iterator[Subject]:
        """Two sets go, and what an interrupted run has left behind."""
        days(here, 5)
        here.put("packs/20260201T000000Z-00000000.database.0001.tar.zst.age", b"left behind", NOON - 30 * DAY)
        yield prune(here)
        assert here.broken() == []


def test_what_goes_is_planned_set_by_set_and_what_stays_has_its_reason(here: Shelf) -> None:
    made = days(here, 5)
    one = prune(here)
    assert keys(one.plan()) == [f"remove:{made[0].set}", f"remove:{made[1].set}", "sweep"]
    (finding,) = [found for found in findings(one, one.assess(), Level.INFO) if found.code.endswith("kept")]
    assert f"{made[4].set} (newest, younger than the target (RPO)); {made[3].set} (one of the 3" in finding.says
    assert finding.says.endswith(f"By the rule 2 go: {made[0].set}, {made[1].set}.")
    assert finding.data["kept"] == {
        made[4].set: ["newest", "younger than the target (RPO)"],
        made[3].set: ["one of the 3 newest"],
        made[2].set: ["one of the 3 newest"],
    }


def test_after_pruning_the_store_holds_exactly_what_the_kept_sets_need(here: Shelf) -> None:
    made = days(here, 6)
    here.prove(made[0], NOON - 4 * DAY, holds=False)
    one = prune(here)
    before = assessed(one)
    one.apply(one.plan())
    assert here.sets == [manifest.set for manifest in made[3:]]
    needed = {part.name for manifest in made[3:] for part in manifest.parts}
    needed |= {f"sets/{manifest.set}/{name}" for manifest in made[3:] for name in ("manifest.json", "SHA256SUMS")}
    assert here.names == needed, "a pack that is shared with a kept set stays, all others go"
    after = assessed(one)
    assert before.store_bytes - after.store_bytes >= before.freed_bytes > 0
    assert one.task.verify(before, after, one.options) == []


def test_proven_young_and_locked_sets_stay(here: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    made = days(here, 7)
    here.prove(made[0], NOON - 6 * DAY)
    here.prove(made[1], NOON - 5 * DAY)
    here.prove(made[1], NOON - 4 * DAY, holds=False, run="r2")
    monkeypatch.setattr(
        FolderPlace, "locked_until", lambda self, name: NOON + DAY if made[2].set in name else NOON - DAY
    )
    one = prune(here)
    assert keys(one.plan()) == [f"remove:{made[1].set}", f"remove:{made[3].set}", "sweep"], "r2 has the last word"
    hourly = [here.plant(NOON - number * HOUR, [b"x"]) for number in range(2, 8)]
    going = {key.partition(":")[2] for key in keys(prune(here).plan())}
    assert not going & {manifest.set for manifest in hourly}, "they are all younger than the target (RPO)"


def test_sets_of_a_clock_that_was_ahead_push_nothing_out(here: Shelf) -> None:
    """They are older than they say: what was taken and proven since is the newer."""
    made = days(here, 5)
    ahead = days(here, 4, last=NOON + 300 * DAY)
    here.prove(made[0], NOON)
    here.prove(ahead[0], NOON - 6 * DAY)
    one = prune(here)
    staying = keeping(assessed(one), FEW)
    assert staying.keys() == {made[0].set, *(each.set for each in made[2:]), *(each.set for each in ahead)}
    assert "the last one proven to restore" in staying[made[0].set]


def test_a_damaged_set_stands_for_nothing_and_the_last_whole_proven_one_stays(here: Shelf) -> None:
    made = days(here, 6)
    here.prove(made[0], NOON - 4 * DAY)
    here.prove(made[1], NOON - 4 * DAY)
    (here.path / made[1].database.packs[1].name).unlink()  # damages sets 1 and 2
    (here.path / made[5].database.packs[1].name).unlink()  # and the newest
    one = prune(here)
    facts = assessed(one)
    assert [found.whole for found in facts.sets] == [True, False, False, True, True, False]
    assert keys(one.plan()) == [f"remove:{made[2].set}", "sweep"]
    one.apply(one.plan())
    assert one.task.verify(facts, assessed(one), one.options) == []


def test_what_went_what_stayed_and_why_is_left_as_evidence(here: Shelf) -> None:
    made = days(here, 6)
    here.prove(made[1], NOON - 4 * DAY)
    one = prune(here)
    before, size_bytes = assessed(one), {manifest.set: manifest.size_bytes for manifest in made}
    one.apply(one.plan())
    after = assessed(one)
    (evidence,) = one.task.evidence_of_change(before, after, one.options)
    assert (evidence.kind, evidence.key, evidence.holds) == ("removal", "backups", True)
    removed = evidence.data["removed"]
    assert isinstance(removed, list)
    assert {gone["id"]: gone["size_bytes"] for gone in removed} == {
        manifest.set: size_bytes[manifest.set] for manifest in made if manifest.set not in here.sets
    }
    kept = evidence.data["kept"]
    assert isinstance(kept, dict)
    assert sorted(kept) == here.sets
    assert kept[made[1].set] == ["the last one proven to restore"]
    assert evidence.data["freed_bytes"] == before.store_bytes - after.store_bytes > 0
    assert evidence.data["rule"] == one.options.model_dump(mode="json")
    assert all(gone["id"] in evidence.says for gone in removed)
    (left,) = one.task.evidence_of_change(before, before, one.options)
    assert not left.holds
    assert left.data["not_removed"] == [gone["id"] for gone in removed]
    assert left.data["removed"] == []
    (here.path / f"sets/{made[5].set}/manifest.json").unlink()
    (harmed,) = one.task.evidence_of_change(before, assessed(one), one.options)
    assert not harmed.holds
    assert f"NOT there any more, though the rule keeps them: {made[5].set}" in harmed.says


def test_a_manifest_that_cannot_be_read_stops_everything(here: Shelf) -> None:
    made = days(here, 6)
    one = prune(here)
    steps = one.plan()
    here.put(f"sets/{made[2].set}/manifest.json", b"{", NOON)
    assert one.plan() == ()
    assert codes(findings(one, one.assess(), Level.UNKNOWN)) == {("unknown", made[2].set)}
    before = here.names
    for step in steps:
        with pytest.raises(Permanent, match="nobody knows which packs it needs"):
            one.apply([step])
    assert here.names == before


def test_an_unusual_plan_is_refused_and_told(here: Shelf) -> None:
    days(here, 12)
    one = prune(here, FEW.model_copy(update={"most_sets": 8}))
    assert one.plan() == ()
    assert codes(findings(one, one.assess())) == {("refused", "backups")}
    assert len(prune(here, FEW.model_copy(update={"most_sets": 9})).plan()) == 9 + 1
    assert PruneOptions.model_fields["keep_last"].metadata[0].ge == 3


def test_never_fewer_than_three_whole_sets(here: Shelf) -> None:
    made = days(here, 5)
    for manifest in made[2:4]:
        (here.path / f"sets/{manifest.set}/database.index.json.zst.age").unlink()
    one = prune(here)
    facts = assessed(one)
    assert len([found for found in facts.sets if found.whole]) == 3
    assert one.plan() == (), "the rule is followed among the whole sets as well"


def test_a_set_taken_meanwhile_keeps_its_packs(here: Shelf) -> None:
    made = days(here, 5)
    one = prune(here)
    steps = one.plan()
    late = here.plant(NOON, [b"rows of now"], made[0].database.packs)
    one.apply(steps)
    assert late.set in here.sets
    assert here.broken() == []


def test_the_newest_set_stays_also_when_newer_ones_went_away_meanwhile(here: Shelf) -> None:
    made = days(here, 5)
    one = prune(here)
    steps = one.plan()
    for manifest in made[1:]:
        (here.path / f"sets/{manifest.set}/manifest.json").unlink()
    with pytest.raises(Permanent, match="is the newest by now"):
        one.apply(steps[:1])
    assert here.sets == [made[0].set]


def test_what_a_run_is_making_and_what_is_not_ours_is_left_alone(here: Shelf) -> None:
    days(here, 4)
    underway = here.plant(NOON - 30 * HOUR, [b"a", b"b"])
    (here.path / f"sets/{underway.set}/manifest.json").unlink()
    os.utime(here.path / underway.database.packs[1].name, (NOON.timestamp(), NOON.timestamp()))
    here.put("notes.txt", b"somebody's", NOON - 30 * DAY)
    here.put("packs/readme", b"somebody's", NOON - 30 * DAY)
    one = prune(here)
    one.apply(one.plan())
    assert {part.name for part in underway.parts} | {"notes.txt", "packs/readme"} <= here.names
    one.now = NOON + 2 * DAY
    assert "sweep" in keys(one.plan())
    one.apply(one.plan())
    assert not {part.name for part in underway.parts} & here.names
    assert {"notes.txt", "packs/readme"} <= here.names


def test_a_set_that_was_to_stay_and_does_not_is_told(here: Shelf) -> None:
    made = days(here, 5)
    one = prune(here)
    before = assessed(one)
    one.apply(one.plan())
    (here.path / made[4].database.packs[0].name).unlink()  # the newest shares it with the one before
    found = one.task.verify(before, assessed(one), one.options)
    assert codes(found) == {("harmed", made[3].set), ("harmed", made[4].set)}


def test_growth_and_the_day_on_which_the_store_is_full(here: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    first = here.plant(NOON - 30 * DAY, [b"x" * 100_000], full="there is no earlier set of it")
    shared = list(first.database.packs)
    for back in range(29, 0, -1):
        shared += here.plant(NOON - back * DAY, [bytes([back]) * 7_000], shared).database.packs[-1:]
    monkeypatch.setattr(FolderPlace, "free_bytes", lambda self: 1_000)
    one = prune(here, FEW.model_copy(update={"most_sets": 30}))
    facts = assessed(one)
    numbers = {one.name: one.value for one in one.task.measure(facts)}
    assert numbers["backup.store_growth_bytes"] == 7_000, (
        "packs that newer sets need, without the one stored in full"
    )
    assert facts.freed_bytes > 0
    (finding,) = [found for found in findings(one, facts) if found.code.endswith("store_full_on")]
    left_days = (1_000 + facts.freed_bytes) // 7_000
    assert f"is full in {left_days} days, on {NOON.date() + left_days * DAY}" in finding.says


SETS = st.lists(
    st.builds(
        PrunableSet,
        id=st.uuids().map(str),
        taken_at=st.integers(0, 800 * 24).map(lambda hours: NOON - hours * HOUR),
        size_bytes=st.just(1),
        whole=st.booleans(),
        proven=st.booleans(),
    ),
    min_size=1,
    max_size=30,
    unique_by=lambda one: one.taken_at,
)


@given(sets=SETS)
def test_protections_hold_whatever_the_rule_says(sets: list[PrunableSet]) -> None:
    now, rpo, zone = NOON, timedelta(hours=24), ZoneInfo("Asia/Tashkent")
    staying = kept(sets, Rule(last=1), zone, now, rpo)
    newest_first = sorted(sets, key=lambda one: one.taken_at, reverse=True)
    for among in (
        newest_first,
        [one for one in newest_first if one.whole],
        [one for one in newest_first if one.proven],
        [one for one in newest_first if one.proven and one.whole],
    ):
        assert not among or among[0].id in staying
    assert all(one.id in staying for one in sets if now - one.taken_at < rpo)
    assert kept([one for one in sets if one.id in staying], Rule(last=1), zone, now, rpo) == staying


REMOVE = ("backup.prune.set.before_manifest", "backup.prune.set.without_manifest", *["backup.prune.set.half"] * 6)
SWEEP = ("backup.prune.sweep.before_first", *["backup.prune.sweep.half"] * 5)


def test_killed_at_any_of_twenty_moments_every_set_that_counts_is_whole(here: Shelf) -> None:
    """Two sets are removed and swept away by processes that are killed again and again, after each object."""
    made = days(here, 5)
    for manifest in made[:2]:
        here.prove(manifest, NOON - 3 * DAY, holds=False)
        here.prove(manifest, NOON - 3 * DAY, holds=False, run="r2")
    for number in range(4):
        here.put(f"packs/20260201T000000Z-00000000.database.{number}.tar.zst.age", b"left behind", NOON - 30 * DAY)
    one = prune(here)
    before, steps, kills = assessed(one), one.plan(), 0
    for step in steps:
        for point in SWEEP if step.key == "sweep" else REMOVE:
            kills += apply_elsewhere(one, step, point) == KILLED
            assert here.broken() == []
            assert set(here.sets) >= {manifest.set for manifest in made[2:]}
    assert kills == 20
    one.apply(steps)
    after = assessed(one)
    assert one.task.plan(after, one.options) == ()
    assert one.task.verify(before, after, one.options) == []
    assert subject(Verify(), one.home, {"backups": store(here.folder)}).assess().orphans.count == 0  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", ["s3", "sftp"])
def test_a_store_at_another_place_is_pruned_alike(kind: str, here: Shelf, tmp_path: Path) -> None:
    near = days(here, 4)
    with far_store(kind, tmp_path) as (there, definition):
        made = days(there, 5)
        hand_over(there)
        stores = {"backups": store(here.folder), "far": definition}
        one = subject(Prune(), tmp_path / "home", stores, FEW.model_copy(update={"store": "far"}))
        before = assessed(one)
        one.apply(one.plan())
        after = assessed(one)
        assert one.task.verify(before, after, one.options) == []
        assert one.task.plan(after, one.options) == ()
        assert there.sets == [manifest.set for manifest in made[2:]]
        assert there.broken() == []
        assert {part.name for part in made[0].database.packs} & there.names == set()
    assert here.sets == [manifest.set for manifest in near], "the other store was not touched"


def test_what_interrupted_writing_left_behind_goes_with_the_rest(here: Shelf) -> None:
    days(here, 20)
    for name, at in (("old", datetime.now(UTC) - 2 * DAY), ("young", datetime.now(UTC))):
        path = here.path / f"packs/{name}.0123abcd.tmp"
        path.write_bytes(b"half a pack")
        os.utime(path, (at.timestamp(), at.timestamp()))
    one = prune(here)
    one.apply(one.plan())
    assert {name for name in here.names if name.endswith(".tmp")} == {"packs/young.0123abcd.tmp"}
