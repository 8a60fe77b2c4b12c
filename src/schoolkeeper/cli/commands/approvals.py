"""Deciding on what waits for a person, also in somebody's stead."""

from typing import Annotated

import typer

from schoolkeeper.cli.command import command
from schoolkeeper.cli.database import database
from schoolkeeper.cli.moments import ZoneOption
from schoolkeeper.cli.writing import JsonFlag, actor, console, emit
from schoolkeeper.kernel.errors import Invalid

app = typer.Typer()
approvals = typer.Typer(help="What waits for a person, and who decides for whom.", no_args_is_help=True)

RunArgument = Annotated[int, typer.Argument(help="The run's number.")]
InsteadOption = Annotated[str, typer.Option("--for", help="In whose stead, if they delegated to you.")]


@command(app, "approve")
def approve(
    run: RunArgument,
    reason: Annotated[str, typer.Option(help="Why, for the records.")] = "",
    instead_of: InsteadOption = "",
) -> None:
    """Say yes to a run that waits for approval: exactly to the plan that `schoolkeeper plan` and its page show.

    Example: schoolkeeper approve 42 --reason "agreed with the registrar"
    """
    _decide(run, grant=True, reason=reason, instead_of=instead_of)


@command(app, "deny")
def deny(
    run: RunArgument,
    reason: Annotated[str, typer.Option(help="Why, for the records.")],
    instead_of: InsteadOption = "",
) -> None:
    """Say no to a run that waits for approval; it ends as refused.

    Example: schoolkeeper deny 42 --reason "exam week"
    """
    _decide(run, grant=False, reason=reason, instead_of=instead_of)


def _decide(number: int, *, grant: bool, reason: str, instead_of: str) -> None:
    with database():
        from django.utils import timezone

        from schoolkeeper.engine import approvals
        from schoolkeeper.records.models import Run

        found = Run.objects.filter(pk=number).first()
        if found is None:
            raise Invalid("run", [f"there is no run {number}"])
        now = timezone.now()
        approvals.decide(found, by=actor(), grant=grant, reason=reason, now=now, instead_of=instead_of)
        console().print(f"Run {number} was {'approved' if grant else 'denied'}.")


@command(approvals, "list", group="approvals")
def list_(as_json: JsonFlag = False) -> None:
    """List the runs that wait for approval with their plans, and who stands in for whom.

    Example: schoolkeeper approvals list
    """
    with database():
        from schoolkeeper.cli.results import approvals

        emit(approvals.listed(), approvals.render, as_json=as_json)


@command(approvals, "delegate", group="approvals")
def delegate(
    of: Annotated[str, typer.Argument(help="Who will be away, as they sign in.")],
    to: Annotated[str, typer.Argument(help="Who decides in their stead, as they sign in.")],
    until: Annotated[str, typer.Option(help='Such as 2027-02-01 or "2027-02-01 08:00".')],
    starts: Annotated[str, typer.Option("--from", help="The same; default: now.")] = "",
    reason: Annotated[str, typer.Option(help="Why, for the records.")] = "",
    zone: ZoneOption = "",
    as_json: JsonFlag = False,
) -> None:
    """Let somebody decide in another's stead for a while. It is not handed on: a deputy has no deputy.

    Example: schoolkeeper approvals delegate m.karimova r.aliyev --until 2027-02-01 --reason "on leave"
    """
    with database():
        from schoolkeeper.cli.results import approvals

        made = approvals.delegate(of, to, starts, until, reason=reason, clock=zone, by=actor())
        emit(made, lambda one: approvals.render_delegations((one,)), as_json=as_json)


@command(approvals, "undelegate", group="approvals")
def undelegate(number: Annotated[int, typer.Argument(help="The delegation's number.")]) -> None:
    """Take a delegation back before its time.

    Example: schoolkeeper approvals undelegate 3
    """
    with database():
        from django.utils import timezone

        from schoolkeeper.engine.delegations import end

        done = end(number, by=actor(), now=timezone.now())
        console().print(f"{done.to} does not decide for {done.of} any more.", markup=False)
