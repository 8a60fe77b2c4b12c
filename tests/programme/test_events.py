"""Updates are noticed by the versions that runs see, and what is to follow them is due once."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from schoolkeeper.catalogue.backup.create.contents import SetContents
from schoolkeeper.connectors.databases.contents import DatabaseSource
from schoolkeeper.connectors.store.manifest import DatabasePart, Manifest, Part, Version
from schoolkeeper.kernel.evidence import Evidence
from schoolkeeper.kernel.spec import Event
from schoolkeeper.programme import events
from schoolkeeper.programme.entries import pause
from schoolkeeper.programme.events import happened, notice
from schoolkeeper.programme.models import Occurrence, Sighting
from schoolkeeper.records import evidence
from schoolkeeper.records.models import LedgerEntry, Run
from tests.programme.school import at, look_ahead, take, turn

pytestmark = pytest.mark.django_db
NOON = at("2027-05-03 12:00")
DRILL = "backup.drill"
STORE = """
[components.store]
kind = "store"
path = "/store"
recipients = ["age1ts2qgkdsafx9hpj9snrzef6hhl6m43ftuey9tsytw48r767edydsrv4p7n"]
"""


@pytest.fixture(autouse=True)
def school(db: None) -> None:
    take(more=STORE)
    look_ahead(NOON - timedelta(hours=1))
    Occurrence.objects.all().delete()


def seen(task: str, facts: dict[str, object], minutes: int, system: str = "north-college") -> None:
    Run.objects.create(
        task=task,
        system=system,
        spec_version=1,
        requested_by="programme",
        requested_at=NOON,
        state=Run.State.ENDED,
        outcome="ok",
        facts_before=facts,
        ended_at=NOON + timedelta(minutes=minutes),
    )


def web(version: str | None, minutes: int) -> None:
    seen("health.web", {"version": version}, minutes)


def server(version: str, minutes: int) -> None:
    seen("health.database", {"server": {"version": version}}, minutes)


def set_of(minutes: int, **versions: str) -> None:
    run = Run.objects.create(
        task="backup.create", system="north-college", spec_version=1, requested_by="programme", requested_at=NOON
    )
    moment = NOON + timedelta(minutes=minutes)
    evidence.keep(run, [Evidence("backup-set", f"set-{minutes}", True, "A set.", {"versions": versions})], moment)


def test_what_a_real_set_tells_is_understood() -> None:
    part = Part(name="database", sha256="0" * 64, size_bytes=1, raw_size_bytes=1)
    manifest = Manifest.model_construct(
        database=DatabasePart.model_construct(
            component="database",
            contents=part,
            contents_digest="",
            source=DatabaseSource.model_construct(product="postgres", server_version="16.4"),
            dump_bytes=1,
            version=Version(),
            tables=1,
            rows=1,
        ),
        files=[],
        recipients=[],
        tools={"schoolkeeper": "1", "dump": "pg_dump 16.4", "zstd": "1.5.7", "pyrage": "1.3.0"},
    )
    told = SetContents.of(manifest).versions
    assert events.IN_A_SET.keys() <= told.keys()
    set_of(0, **told)
    set_of(1, **{**told, "erp": "2026.1"})
    set_of(2, **told)
    assert notice(later(3)) == 0, "a version that could not be had is none"
    set_of(4, **{**told, "dump": "pg_dump 17.0"})
    assert notice(later(5)) == 1
    assert causes() == ["backup_tool.updated to pg_dump 17.0"]


def later(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)


def causes() -> list[str]:
    return list(Occurrence.objects.exclude(cause="").order_by("id").values_list("cause", flat=True))


def test_the_first_version_that_is_seen_is_no_update() -> None:
    web("2026.1", 0)
    server("16.4", 0)
    set_of(0, erp="2026.1", server="16.4", dump="pg_dump 16.4")
    assert notice(later(1)) == 0
    assert causes() == []


def test_another_version_is() -> None:
    web("2026.1", 0)
    notice(later(1))
    web("2026.2", 10)
    assert notice(later(11)) == 1
    assert causes() == ["erp.updated to 2026.2"]
    occurrence = Occurrence.objects.get()
    assert (occurrence.entry.task, occurrence.due_at) == (DRILL, later(11))
    assert occurrence.due_at < occurrence.late_at < occurrence.missed_at
    noted = LedgerEntry.objects.get(kind="erp.updated")
    assert noted.data == {"source": "health.web", "before": "2026.1", "after": "2026.2"}


def test_what_is_looked_at_again_is_not_another_update() -> None:
    web("1", 0)
    web("2", 10)
    assert notice(later(11)) == 1
    assert notice(later(12)) == notice(later(40)) == 0
    web("2", 60)
    assert notice(later(61)) == 0
    assert len(causes()) == 1


def test_a_version_that_could_not_be_had_says_nothing() -> None:
    web("1", 0)
    web("", 1)
    web(None, 2)
    seen("health.web", {}, 3)
    web("1", 4)
    assert notice(later(5)) == 0


def test_several_sources_of_one_update() -> None:
    """Each tells in its own time; what follows is due once."""
    web("1", 0)
    server("16.4", 0)
    set_of(0, erp="1", server="16.4 (Debian 16.4-1)", dump="pg_dump 16.4")
    notice(later(1))
    web("2", 10)
    notice(later(11))
    set_of(20, erp="2", server="17.0 (Debian 17.0-1)", dump="pg_dump 17.0")
    server("17.0", 30)
    assert notice(later(31)) == 4
    assert causes() == [
        "erp.updated to 2",
        "database.updated to 17.0",
        "backup_tool.updated to pg_dump 17.0",
    ]


def test_a_package_that_was_built_anew_is_no_update_of_the_server() -> None:
    server("16.4 (Debian 16.4-1.pgdg120+1)", 0)
    server("16.4 (Debian 16.4-1.pgdg120+2)", 5)
    assert notice(later(6)) == 0


def test_back_to_the_version_before_is_an_update_too() -> None:
    for minutes, version in enumerate(("1", "2", "1")):
        web(version, minutes)
    assert notice(later(5)) == 2
    assert causes() == ["erp.updated to 2", "erp.updated to 1"]


def test_our_own_update_is_one_of_all_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    take("south-college", more=STORE)
    look_ahead(NOON)
    Occurrence.objects.all().delete()
    assert notice(later(1)) == 0
    monkeypatch.setattr(events, "version", lambda package: "9.9")
    assert notice(later(2)) == 1
    assert notice(later(3)) == 0
    due = Occurrence.objects.values_list("entry__system", "cause")
    cause = "schoolkeeper.updated to 9.9"
    assert sorted(due) == [("north-college", cause), ("south-college", cause)]


def test_two_versions_of_ours_while_an_upgrade_goes_from_machine_to_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def at_work(own: str, minutes: int) -> int:
        monkeypatch.setattr(events, "version", lambda package: own)
        return notice(later(minutes))

    Sighting.objects.all().delete()
    assert at_work("1.0", 0) == 0
    assert at_work("1.1", 1) == 1
    assert [at_work(own, 2 + number) for number, own in enumerate(("1.0", "1.1", "1.0", "1.1"))] == [0] * 4
    assert at_work("1.1", 600) == 0
    assert at_work("1.0", 601) == 1, "the upgrade was taken back"
    assert causes() == ["schoolkeeper.updated to 1.1", "schoolkeeper.updated to 1.0"]


def test_what_is_known_is_not_asked_for_one_by_one(django_assert_max_num_queries: Any) -> None:
    for number in range(50):
        seen("health.web", {"version": "1"}, number % 9, system=f"s{number}")
    notice(later(10))
    with django_assert_max_num_queries(20):
        assert notice(later(11)) == 0


def test_what_a_worker_was_broken_off_before_is_noticed_by_the_next() -> None:
    web("1", 0)
    notice(later(1))
    set_of(200, erp="1")  # its number is smaller than those of the runs that ended before
    server("16.4", 20)
    web("2", 30)
    web("3", 190)
    for piece, told in enumerate(events.pieces(later(201))):
        if piece == 1:
            assert told == 1
            break
    assert causes() == ["erp.updated to 2"]
    assert notice(later(202)) == 1
    assert causes() == ["erp.updated to 2", "erp.updated to 3"]


def test_what_is_to_follow_is_started_and_says_why() -> None:
    assert happened(Event.ERP_UPDATED, "north-college", NOON, "to " + "9" * 500) == 1
    assert happened(Event.ERP_UPDATED, "north-college", later(5), "to " + "9" * 500) == 0
    assert turn(later(6)).started == 1
    assert Run.objects.get().occasion.startswith("erp.updated to 999")
    assert happened(Event.ERP_UPDATED, "north-college", NOON + timedelta(days=8), "to " + "9" * 500) == 1


def test_long_versions_that_differ_at_their_end_only() -> None:
    """An ERP may name all its parts, or answer with a page of text."""
    parts = "frappe 15.52.0, erpnext 15.47.3, education 15.1."
    for minutes, told in enumerate((f"{parts}0", f"{parts}1", f"{parts}2", "x" * 9000 + "1", "x" * 9000 + "2")):
        web(told, minutes)
    assert notice(later(9)) == 4
    assert len(set(causes())) == 4


def test_nothing_follows_in_a_system_whose_entry_is_retired_or_unknown() -> None:
    assert happened(Event.ERP_UPDATED, "unknown-college", NOON, "to 2") == 0


def test_a_paused_entry_is_waived_after_an_event_too() -> None:
    pause("north-college", DRILL, by="amir", reason="the store is being moved")
    assert happened(Event.ERP_UPDATED, "north-college", NOON, "to 2") == 1
    assert turn(NOON).waived == 1


def test_a_clock_that_was_far_ahead_does_not_make_blind() -> None:
    """Nor is what was told under the wrong clock taken for news when that time comes."""
    ahead = 900 * 24 * 60
    web("1", 0)
    web("1", ahead)
    assert notice(later(ahead + 1)) == 0
    web("2", 10)
    assert notice(later(11)) == 1
    assert notice(later(12)) == notice(later(ahead + 2)) == 0
    assert causes() == ["erp.updated to 2"]


def test_a_clock_that_was_set_back_does_not_make_old_news_of_what_was_before() -> None:
    web("1", 0)
    web("2", 40)
    assert notice(later(41)) == 1
    web("2", 5)  # the clock was set back by forty minutes, and what was told before that is within the hour
    assert notice(later(6)) == 0
    assert causes() == ["erp.updated to 2"]


def test_workers_look_for_updates() -> None:
    web("1", 0)
    look_ahead(later(1))
    web("2", 10)
    look_ahead(later(11))
    assert causes() == ["erp.updated to 2"]
