"""What runs left behind for others to rely on, and files of it for an auditor."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from schoolkeeper.cli.command import command
from schoolkeeper.cli.database import database
from schoolkeeper.cli.writing import JsonFlag, console, emit

if TYPE_CHECKING:
    from schoolkeeper.cli.results.evidence import Exported

app = typer.Typer(help="What runs left behind to rely on, signed for an auditor.", no_args_is_help=True)

System = Annotated[str, typer.Argument(help="The system's slug.")]
Key = Annotated[str, typer.Argument(help="Which one, such as a backup set's id; default: the newest.")]
To = Annotated[Path, typer.Option("--to", help="The file to write.")]


@command(app, "list", group="evidence", serves=("M046",))
def list_(
    system: System,
    kind: Annotated[str | None, typer.Option(help="Only this kind, such as proof or backup-set.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """List the evidence of a system, newest first.

    Example: schoolkeeper evidence list north-college --kind proof
    """
    with database():
        from schoolkeeper.cli.results import evidence

        emit(evidence.listed(system, kind), evidence.render, as_json=as_json)


@command(app, "export", group="evidence", serves=("M046", "M047"))
def export(
    system: System,
    kind: Annotated[str, typer.Argument(help="Such as proof or backup-set.")],
    to: To,
    key: Key = "",
    as_json: JsonFlag = False,
) -> None:
    """Write evidence as a signed file that an auditor verifies offline; - is standard output.

    Refused when the evidence, or the ledger, was altered since it was kept. To verify, neither the database nor
    this installation is needed: `python -m schoolkeeper.ledger verify-evidence FILE --key PUBLIC`.

    Example: schoolkeeper evidence export north-college proof --to proof.json
    """
    with database():
        from schoolkeeper.cli.results import evidence

        exported = evidence.export(system, kind, key, to)
        if str(to) != "-":
            _tell(exported, as_json=as_json)


@command(app, "pdf", group="evidence", serves=("M045", "M046"))
def pdf(system: System, to: To, key: Key = "", as_json: JsonFlag = False) -> None:
    """Write a proof of a backup as one page for people; the PDF carries the signed evidence as an attachment.

    Example: schoolkeeper evidence pdf north-college --to proof.pdf
    """
    with database():
        from schoolkeeper.cli.results import evidence

        _tell(evidence.pdf(system, key, to), as_json=as_json)


def _tell(exported: "Exported", *, as_json: bool) -> None:
    """A command to be copied is not broken at the terminal's edge."""
    if as_json:
        emit(exported, str, as_json=True)
    else:
        console().print(exported.told, soft_wrap=True, markup=False)
