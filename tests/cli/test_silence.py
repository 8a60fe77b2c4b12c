"""Whom `schoolkeeper silence` silences, and what `ledger verify` says without kept heads."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from schoolkeeper.engine.request import request
from schoolkeeper.kernel.finding import Finding, Level
from schoolkeeper.records import findings
from tests.cli.conftest import Cli

CODE = "database.analyze.stale"
NEXT_WEEK = f"{timezone.now() + timedelta(days=7):%Y-%m-%d}"


@pytest.mark.parametrize(
    ("options", "silent"),
    [((), {"", "marks"}), (("--subject", ""), {""}), (("--subject", "marks"), {"marks"})],
)
def test_the_empty_subject_is_one_of_its_own(
    cli: Cli, in_care: Callable[[], None], options: tuple[str, ...], silent: set[str]
) -> None:
    in_care()
    seen = [Finding(code=CODE, level=Level.WARNING, says="It is old.", subject=one) for one in ("", "marks")]
    findings.observe(request("database.analyze", "north-college", by="test"), [CODE], seen, timezone.now())
    done = cli("silence", CODE, "north-college", "--until", NEXT_WEEK, "--reason", "known", *options)
    assert done.exit_code == 0
    assert {line["subject"] for line in cli.json("findings", "--all") if line["silenced"]} == silent


def test_a_ledger_without_kept_heads_says_so(cli: Cli, in_care: Callable[[], None]) -> None:
    in_care()
    for _ in range(2):
        assert "no heads are kept here" in cli("ledger", "verify").stdout
    cli("ledger", "export", cli.folder / "ledger.jsonl")
    assert "no heads are kept here" not in cli("ledger", "verify").stdout
