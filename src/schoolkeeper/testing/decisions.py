"""Decisions tested as data: facts in, expected findings and steps out, one JSON file each.

    {"says": "why this case matters", "options": {…}, "facts": {…},
     "findings": [["code", "LEVEL", "subject"], …], "steps": ["key", …],
     "after": {…}, "verify": [["code", "LEVEL", "subject"], …]}

`after` and `verify` are optional: facts after the change, and what `verify` says of them.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from schoolkeeper.kernel.finding import Finding
from schoolkeeper.kernel.task import Task

AnyTask = Task[Any, Any, Any, Any]


def fixtures(task: AnyTask) -> list[Path]:
    """The decision files of a task."""
    return sorted((task.spec.home / "fixtures").glob("*.json"))


def check(task: AnyTask, path: Path) -> None:
    """Assert that the task decides as the file says."""
    case = json.loads(path.read_text(encoding="utf-8"))
    options = task.options.model_validate(case.get("options", {}))
    facts = task.facts.model_validate(case["facts"])
    assert _identities(task.judge(facts, options)) == case["findings"], path.name
    assert [step.key for step in task.plan(facts, options)] == case.get("steps", []), path.name
    if "after" in case:
        after = task.facts.model_validate(case["after"])
        assert _identities(task.verify(facts, after, options)) == case["verify"], path.name


def codes(path: Path) -> set[str]:
    """The finding codes that a decision file expects."""
    case = json.loads(path.read_text(encoding="utf-8"))
    return {code for code, _, _ in (*case["findings"], *case.get("verify", []))}


def _identities(findings: Sequence[Finding]) -> list[list[str]]:
    return [[finding.code, finding.level.name, finding.subject] for finding in findings]
