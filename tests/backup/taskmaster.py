"""A process that carries out tasks in children of its own: an order on each line, its child's number in answer.

Forked, because starting Python takes longer than most of what is to be interrupted.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from schoolkeeper.catalogue.builtin import BUILTIN
from schoolkeeper.catalogue.options import parse_options
from schoolkeeper.connectors.system import System
from schoolkeeper.profiles.model import Profile
from schoolkeeper.rescue.course import Rescue
from schoolkeeper.rescue.journal import Journal

TASKS = {task.spec.id: task for task in BUILTIN}


def carry_out(order: dict[str, Any]) -> int:
    """0 when it ended well, else 1; what it said goes to standard error."""
    task = TASKS[order["task"]]
    ended = Rescue(
        task=task,
        system=System.model_validate(order["system"]),
        profile=Profile.model_validate(order["profile"]),
        options=parse_options(task, order["options"]),
        home=Path(order["home"]),
        journal=Journal(Path(order["journal"])),
        by="test",
        approve=lambda shown: True,
    ).carry_out()
    if not ended.outcome.is_good:
        print(order["task"], ended.outcome.value, ended.says, file=sys.stderr, flush=True)
    return 0 if ended.outcome.is_good else 1


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            os.setpgid(0, 0)
            code = 2
            try:
                code = carry_out(order)
            finally:
                sys.stderr.flush()
                os._exit(code)
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


main()
