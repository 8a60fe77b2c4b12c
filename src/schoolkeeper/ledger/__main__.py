"""The offline verifiers, which need Python and nothing else: `python -m schoolkeeper.ledger verify EXPORT` and
`python -m schoolkeeper.ledger verify-evidence FILE --key PUBLIC`.

Exit codes: 0 no fault, 1 faults, 2 usage, 3 could not look (a file cannot be read, or a key was given and the
signature could not be checked because the package `cryptography` is missing).
"""

import argparse
import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from schoolkeeper.ledger import anchors, evidence_file
from schoolkeeper.ledger.errors import LedgerError
from schoolkeeper.ledger.export import split
from schoolkeeper.ledger.keys import load_public
from schoolkeeper.ledger.report import Report
from schoolkeeper.ledger.verify import verify

FINE, FAULTS, COULD_NOT_LOOK = 0, 1, 3


class Answer(Protocol):
    """What a verifier found; `looked` is False if a signature could not be looked at although a key was given."""

    @property
    def faults(self) -> Sequence[object]: ...
    @property
    def looked(self) -> bool: ...
    def as_json(self) -> dict[str, object]: ...
    def sentences(self) -> list[str]: ...


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = _parser().parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that cannot show a letter must not keep the auditor from the result.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        report: Answer = options.look(options)
    except LedgerError as error:
        return _could_not_look(str(error), as_json=options.json)
    except OSError as error:
        return _could_not_look(f"{error.filename}: {error.strerror}", as_json=options.json)
    if options.json:
        print(json.dumps(report.as_json(), indent=2))
    else:
        print("\n".join(report.sentences()))
    return exit_code(report)


def exit_code(report: Answer) -> int:
    """0 no fault, 1 faults, 3 the signature could not be looked at although a key was given."""
    if report.faults:
        return FAULTS
    return FINE if report.looked else COULD_NOT_LOOK


def _look_at_ledger(options: argparse.Namespace) -> Report:
    public_key = load_public(options.public_key) if options.public_key else None
    kept = anchors.read(options.anchor)
    with options.export.open("rb") as file:
        return verify(split(file), public_key, kept.heads, kept.warnings)


def _look_at_evidence(options: argparse.Namespace) -> Answer:
    return evidence_file.verify_file(options.file, options.key, options.ledger, options.anchor)


def _could_not_look(reason: str, *, as_json: bool) -> int:
    if as_json:
        print(json.dumps({"ok": False, "error": reason}, indent=2))
    else:
        print(f"could not look: {reason}", file=sys.stderr)
    return COULD_NOT_LOOK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m schoolkeeper.ledger",
        description="Verify an export of Schoolkeeper's ledger, or signed evidence, offline.",
        epilog="Exit codes: 0 no fault, 1 faults, 2 usage, 3 could not look.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    ledger = commands.add_parser("verify", help="look for edits, deletions, reordering and a cut tail")
    ledger.set_defaults(look=_look_at_ledger)
    ledger.add_argument("export", type=Path, help="the export file (JSON lines)")
    ledger.add_argument("--public-key", type=Path, metavar="FILE", help="the public key that you keep (PEM)")
    evidence = commands.add_parser("verify-evidence", help="is a file of signed evidence genuine and unaltered?")
    evidence.set_defaults(look=_look_at_evidence)
    evidence.add_argument("file", type=Path, help="the signed evidence")
    evidence.add_argument(
        "--key", type=Path, metavar="FILE", required=True, help="the public key that you keep (PEM)"
    )
    evidence.add_argument("--ledger", type=Path, metavar="EXPORT", help="an export: is the evidence in it?")
    for command in (ledger, evidence):
        command.add_argument(
            "--anchor",
            type=Path,
            metavar="FILE",
            action="append",
            default=[],
            help="signed heads that you keep, one a line, or an older export; may be repeated",
        )
        command.add_argument("--json", action="store_true", help="print the report as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
