"""What follows a rule asks nobody each time, and is bound by limits that no option lifts."""

import pytest
from pydantic import ValidationError

from schoolkeeper.catalogue.backup.prune.choosing import LEAST_SETS, PruneOptions
from schoolkeeper.catalogue.builtin import BUILTIN
from schoolkeeper.engine.gate import needs_approval
from schoolkeeper.kernel.spec import Risk, Undo


def test_tasks_by_rule_run_unattended_and_disturb_nobody() -> None:
    by_rule = [task.spec for task in BUILTIN if task.spec.undo is Undo.BY_RULE]
    assert [spec.id for spec in by_rule] == ["backup.prune"]
    assert not any(needs_approval(spec) for spec in by_rule)
    assert all(spec.risk is Risk.ROUTINE and "refused" in spec.findings for spec in by_rule)


def test_no_option_goes_below_three_sets() -> None:
    with pytest.raises(ValidationError):
        PruneOptions(keep_last=LEAST_SETS - 1)
