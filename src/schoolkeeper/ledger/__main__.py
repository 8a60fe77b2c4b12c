"""`python -m schoolkeeper.ledger verify EXPORT`: the offline verifier, which needs Python and nothing else.

Exit codes: 0 no fault, 1 faults, 2 usage, 3 could not look (a file cannot be read, or a key was given and the
signature could not be checked because the package `cryptography` is missing).
"""

import argparse
import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from schoolkeeper.ledger import anchors
from schoolkeeper.ledger.errors import LedgerError
from schoolkeeper.ledger.export import split
from schoolkeeper.ledger.keys import load_public
from schoolkeeper.ledger.report import Report
from schoolkeeper.ledger.verify import verify

FINE, FAULTS, COULD_NOT_LOOK = 0, 1, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = _parser().parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that cannot show a letter must not keep the auditor from the result.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        report = _look(options.export, options.public_key, options.anchor)
    except LedgerError as error:
        return _could_not_look(str(error), as_json=options.json)
    except OSError as error:
        return _could_not_look(f"{error.filename}: {error.strerror}", as_json=options.json)
    if options.json:
        print(json.dumps(report.as_json(), indent=2))
    else:
        print("\n".join(report.sentences()))
    return exit_code(report)


def exit_code(report: Report) -> int:
    """0 no fault, 1 faults, 3 the signature could not be looked at although a key was given."""
    if report.faults:
        return FAULTS
    return FINE if report.looked else COULD_NOT_LOOK


def _look(path: Path, key_path: Path | None, anchor_paths: Sequence[Path]) -> Report:
    public_key = load_public(key_path) if key_path else None
    kept = anchors.read(anchor_paths)
    with path.open("rb") as file:
        return verify(split(file), public_key, kept.heads, kept.warnings)


def _could_not_look(reason: str, *, as_json: bool) -> int:
    if as_json:
        print(json.dumps({"ok": False, "error": reason}, indent=2))
    else:
        print(f"could not look: {reason}", file=sys.stderr)
    return COULD_NOT_LOOK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m schoolkeeper.ledger",
        description="Verify an export of Schoolkeeper's ledger, offline.",
        epilog="Exit codes: 0 no fault, 1 faults, 2 usage, 3 could not look.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("verify", help="look for edits, deletions, reordering and a cut tail")
    command.add_argument("export", type=Path, help="the export file (JSON lines)")
    command.add_argument("--public-key", type=Path, metavar="FILE", help="the public key that you keep (PEM)")
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
