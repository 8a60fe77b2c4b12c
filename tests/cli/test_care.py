"""apply, tasks, coverage, plan."""

from collections.abc import Callable

import psycopg

from schoolkeeper.estate.models import SystemRecord
from schoolkeeper.records.models import LedgerEntry, Run
from tests.cli.conftest import Cli

NOWHERE = "postgresql://nobody:nothing@127.0.0.1:1/nowhere"


def test_applying_says_what_changes_and_only_once(cli: Cli) -> None:
    file = cli.definition(NOWHERE)
    first = cli.json("apply", file)
    assert first == [{"file": str(file), "system": "north-college", "changes": first[0]["changes"]}]
    assert "+ slug = 'north-college'" in first[0]["changes"]
    assert cli.json("apply", file)[0]["changes"] == []
    assert LedgerEntry.objects.filter(kind="system.applied").count() == 1
    assert "nothing to change" in cli("apply", file).stdout


def test_all_faults_of_all_files_are_listed_and_nothing_is_applied(cli: Cli) -> None:
    good = cli.definition(NOWHERE)
    bad = cli.file("bad.toml", '[system]\nslug = "Bad Slug"\nname = ""\nprofile = "none"\nenvironment = "x"\n')
    worse = cli.file("worse.toml", "[system\n")
    result = cli("apply", good, bad, worse)
    assert result.exit_code == 2
    for place in (
        "bad.toml:2: system.slug",
        "bad.toml:3: system.name",
        "bad.toml:4: system.profile",
        "worse.toml",
    ):
        assert place in result.stderr, result.stderr
    assert not SystemRecord.objects.exists()


def test_a_file_that_is_not_there_is_a_fault(cli: Cli) -> None:
    result = cli("apply", cli.folder / "none.toml")
    assert result.exit_code == 2
    assert "cannot be read" in result.stderr


def test_tasks_are_listed_with_what_they_declare(cli: Cli) -> None:
    tasks = {task["id"]: task for task in cli.json("tasks")}
    analyze = tasks["database.analyze"]
    assert analyze["cadence"] == "daily"
    assert analyze["risk"] == "routine"
    assert analyze["needs_approval"] is False
    assert {option["name"] for option in analyze["options"]} == {"changed_percent", "changed_rows"}
    assert all(option["description"] for option in analyze["options"])
    assert "database.analyze.stale" in analyze["findings"]
    assert "database.analyze" in cli("tasks").stdout


def test_a_task_is_told_with_its_options(cli: Cli, in_care: Callable[[], None]) -> None:
    told = cli("tasks", "recover.files").stdout
    assert "overwrite" in told
    assert "Also replace files that are newer" in told
    assert "database.analyze" not in told
    assert cli("tasks", "recover.everything").exit_code == 2
    in_care()
    wrong = cli("plan", "recover.files", "north-college", "--option", "path=1.jpg")
    assert wrong.exit_code == 2
    assert "path: no such option; there are: component, paths, set" in wrong.stderr


def test_coverage_is_derived_from_declarations(cli: Cli) -> None:
    coverage = cli.json("coverage")
    assert coverage["total"] == len(coverage["items"]) == 144
    items = {item["id"]: item["served_by"] for item in coverage["items"]}
    assert "task database.analyze" in items["M066"]
    assert "command report status" in items["M090"]
    assert coverage["served"] == sum(bool(by) for by in items.values())
    assert "nothing yet" in cli("coverage").stdout


def test_a_plan_changes_and_records_nothing(cli: Cli, in_care: Callable[[], None], database: str) -> None:
    in_care()
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE TABLE grade AS SELECT generate_series(1, 500) AS id")
    before = LedgerEntry.objects.count()
    plan = cli.json("plan", "database.analyze", "north-college")
    assert [step["key"] for step in plan["steps"]] == ["analyze:public.grade"]
    assert plan["needs_approval"] is False
    assert plan["findings"][0]["code"] == "database.analyze.stale"
    assert cli.json("plan", "database.analyze", "north-college")["steps"] == plan["steps"]
    assert not Run.objects.exists()
    assert LedgerEntry.objects.count() == before
    assert "1. Refresh the statistics of public.grade." in cli("plan", "database.analyze", "north-college").stdout


def test_a_plan_that_cannot_look_is_unknown_and_no_traceback(cli: Cli) -> None:
    cli("apply", cli.definition(NOWHERE))
    result = cli("plan", "database.analyze", "north-college")
    assert result.exit_code == 3
    assert "database:" in result.stderr
    assert "nothing" not in result.stderr, "the password stays secret"


def test_wrong_words_are_usage_errors_that_name_the_right_ones(cli: Cli, in_care: Callable[[], None]) -> None:
    in_care()
    assert "database.analyze" in refused(cli, "plan", "database.analyse", "north-college")
    assert "north-college" in refused(cli, "plan", "database.analyze", "south-college")
    assert "changed_rows" in refused(cli, "plan", "database.analyze", "north-college", "-o", "changed_rows=-1")
    assert "name=value" in refused(cli, "plan", "database.analyze", "north-college", "-o", "changed_rows")
    assert cli("plan", "database.analyze").exit_code == 2


def refused(cli: Cli, *arguments: str) -> str:
    result = cli(*arguments)
    assert result.exit_code == 2, result.output
    return str(result.stderr)
