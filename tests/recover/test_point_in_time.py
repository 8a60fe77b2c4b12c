"""Barman's servers of two versions, and the command that finds the moment."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from schoolkeeper.catalogue.recover.point_in_time.test_arrange import (
    ZONE,
    North,
    begin,
    beside,
    check_timeline,
    place,
    serve,
)
from schoolkeeper.cli.exits import Exit
from schoolkeeper.cli.main import app
from schoolkeeper.connectors.engines.barman.act import BarmanAct
from schoolkeeper.connectors.engines.barman.component import BarmanComponent
from schoolkeeper.testing.arrange import secret_file
from tests.connectors.engines import school, test_barman


@contextmanager
def with_barman(major: int) -> Iterator[North]:
    with place() as folder:
        incoming = school.give(folder / "home" / "north" / "incoming")
        server = serve(folder / "server", major, f"cp %p {incoming}/%f")
        try:
            component = {
                "kind": "barman",
                "server": "north",
                "config": str(test_barman.configured(folder, server)),
            }
            model = BarmanComponent.model_validate(component)
            typist = test_barman.School(major, server, model, None, None)  # type: ignore[arg-type]
            typist.type("switch-wal", "--archive", "--force", "north")
            take_in = lambda: typist.type("archive-wal", "north")  # noqa: E731
            yield begin(North(folder, server, BarmanAct("engine", model), component, take_in))
        finally:
            server.stop()


@pytest.mark.parametrize("major", [16, 18])
def test_a_mistake_is_found_and_gone_back_to(major: int, tmp_path: Path) -> None:
    with with_barman(major) as north:
        check_timeline(north)
        check_the_command(north, tmp_path)
        for options, content in (
            ({"before_transaction": north.morning.xid["mistake"], "into": "swap"}, "mistake"),
            ({"latest": True}, "end"),
        ):
            subject = north.subject(**options)
            subject.apply(subject.plan())
            name = next((name for name in north.databases() if "_rewound_" in name), "school")
            assert beside(north, name) == north.morning.content[content]
            north.tidy()


def check_the_command(north: North, tmp_path: Path) -> None:
    """By the command, with nothing but a definition file."""
    config = north.component["config"]
    definition = tmp_path / "north.toml"
    definition.write_text(
        f'[system]\nslug = "north"\nname = "North"\nprofile = "smart-education-erp"\nenvironment = "scratch"\n'
        f'timezone = "{ZONE}"\n[components.database]\nkind = "postgres"\n'
        f'dsn = "{secret_file(tmp_path, "dsn", north.dsn)}"\n[components.engine]\nkind = "barman"\n'
        f'server = "north"\nconfig = "{config}"\n'
    )
    span = ["--from", north.morning.at["first work"].isoformat(), "--to", north.morning.at["end"].isoformat()]
    shown_to_people = CliRunner(env={"COLUMNS": "200"}).invoke(
        app, ["backups", "timeline", str(definition), *span]
    )
    assert shown_to_people.exit_code == Exit.FINE, shown_to_people.output
    lines = shown_to_people.output.splitlines()
    (line,) = (number for number, text in enumerate(lines) if "25 rows deleted from public.grade" in text)
    assert f"transaction {north.morning.xid['mistake']}:" in lines[line]
    assert lines[line + 1].strip() == f"--option before_transaction={north.morning.xid['mistake']}"
    assert "public.homework emptied (TRUNCATE)" in shown_to_people.output
    assert "dropped" in shown_to_people.output
    assert 'Restore point: --option "restore_point=exams"' in shown_to_people.output
    narrow = CliRunner().invoke(app, ["backups", "timeline", str(definition), *span, "--table", "grade", "--json"])
    found = json.loads(narrow.stdout)
    assert [[change["table"] for change in one["changes"]] for one in found["transactions"]] == [
        ["public.grade"]
    ] * 2
    wrong = CliRunner().invoke(app, ["backups", "timeline", str(definition), "--from", "yesterday"])
    assert wrong.exit_code == Exit.USAGE
