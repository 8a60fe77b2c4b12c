"""Look at signed evidence and say everything that is wrong with it.

With the public key that you keep, every file that the holder of the private key did not sign is found, and every
byte that was changed since. With an export of the ledger it is also found when the holder of the key signed
something else than was kept when the run ended: the entry of that time carries the digest. Genuine means that this
is what Schoolkeeper found out; `holds` says whether the answer was yes.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from schoolkeeper.ledger import evidence_text, export
from schoolkeeper.ledger.entry import Entry
from schoolkeeper.ledger.errors import CannotCheck, EntryError, FormatError
from schoolkeeper.ledger.evidence import FORMAT, SignedEvidence, parse, takes_down
from schoolkeeper.ledger.evidence_report import Code, Fault, Report
from schoolkeeper.ledger.head import Head
from schoolkeeper.ledger.keys import PublicKey
from schoolkeeper.ledger.verify import LONGEST_MESSAGE
from schoolkeeper.ledger.verify import verify as verify_ledger

_TOP = frozenset({"signed", "signature"})
_SIGNED = frozenset({"evidence", "format", "instance", "key_id", "ledger"})
_EVIDENCE = frozenset({"at", "data", "holds", "key", "kind", "run", "says", "system", "task"})
_LEDGER = frozenset({"digest", "sequence"})


def verify(
    text: bytes,
    public_key: PublicKey,
    ledger: Iterable[bytes] | None = None,
    anchors: Iterable[Head] = (),
) -> Report:
    """Verify a file against the key that you keep; with the lines of an export, also that the ledger has it.

    `anchors` are heads that you keep, for the export. No content makes it raise.
    """
    findings = _Findings()
    signed = _read(text, findings)
    if signed is None:
        return Report(faults=tuple(findings.kept))
    if signed.line() != text:
        findings.add(
            Code.NOT_CANONICAL, "the file is not in canonical form: it was touched, or damaged on its way"
        )
    is_signed = _judge_signature(signed, public_key, findings)
    is_anchored = None
    if ledger is not None:
        before = len(findings.kept)
        _judge_ledger(signed, public_key, ledger, anchors, findings)
        is_anchored = len(findings.kept) == before
    return Report(signed=signed, faults=tuple(findings.kept), is_signed=is_signed, is_anchored=is_anchored)


@dataclass(slots=True)
class _Findings:
    kept: list[Fault] = field(default_factory=list)

    def add(self, code: Code, message: str) -> None:
        self.kept.append(Fault(code, message[:LONGEST_MESSAGE]))


def _read(text: bytes, findings: _Findings) -> SignedEvidence | None:
    try:
        value, repeated = evidence_text.load(text)
    except EntryError as error:
        findings.add(Code.UNREADABLE, str(error))
        return None
    for name in sorted(set(repeated)):
        message = f"the key {name!r} stands twice in one object, and readers would differ on which of them counts"
        findings.add(Code.REPEATED_KEY, message)
    if repeated or not _has_known_format(value, findings):
        return None
    assert isinstance(value, Mapping)
    signed = value["signed"]
    known = [
        _has_fields(value, _TOP, "the file", findings),
        _has_fields(signed, _SIGNED, "signed", findings),
        _has_fields(signed.get("evidence"), _EVIDENCE, "evidence", findings),
        _has_fields(signed.get("ledger"), _LEDGER, "ledger", findings),
    ]
    if not all(known):
        return None
    try:
        read = parse(signed, value["signature"])
        read.body()
    except EntryError as error:
        findings.add(Code.WRONG_VALUE, str(error))
        return None
    return read


def _has_known_format(value: object, findings: _Findings) -> bool:
    """Asked first: of another version, nothing else can be said."""
    signed = value.get("signed") if isinstance(value, Mapping) else None
    if not isinstance(signed, Mapping) or "format" not in signed:
        findings.add(Code.WRONG_FORMAT, "this is not signed evidence: it does not name its format")
        return False
    if signed["format"] != FORMAT:
        message = f"the format is {signed['format']!r}; this program reads {FORMAT} only"
        findings.add(Code.WRONG_FORMAT, message)
        return False
    return True


def _has_fields(value: object, known: frozenset[str], where: str, findings: _Findings) -> bool:
    """Whether an object can be read: unknown fields are faults, and then nothing in it is relied upon."""
    if not isinstance(value, Mapping):
        findings.add(Code.WRONG_VALUE, f"{where} must be an object")
        return False
    for name in sorted(set(value) - known):
        findings.add(Code.UNKNOWN_FIELD, f"{where} has the field {name!r}, which {FORMAT} does not know")
    for name in sorted(known - set(value)):
        findings.add(Code.MISSING_FIELD, f"{where} lacks the field {name!r}")
    return set(value) == known


def _judge_signature(signed: SignedEvidence, key: PublicKey, findings: _Findings) -> bool | None:
    if signed.key_id != key.key_id:
        message = f"it names the key {signed.key_id}, the key given is {key.key_id}"
        findings.add(Code.WRONG_KEY, message)
        return False
    try:
        good = key.accepts(bytes.fromhex(signed.signature), signed.message())
    except CannotCheck:
        return None
    if not good:
        findings.add(
            Code.BAD_SIGNATURE, "the signature does not fit: it was altered after it was signed, or forged"
        )
    return good


def _judge_ledger(
    signed: SignedEvidence,
    key: PublicKey,
    lines: Iterable[bytes],
    anchors: Iterable[Head],
    findings: _Findings,
) -> None:
    found: list[bytes] = []
    # In an export without faults, entry N stands in line N + 1, below the header.
    report = verify_ledger(_noting(lines, signed.sequence + 1, found), key, anchors)
    if report.faults:
        count = len(report.faults) + report.more_faults
        message = (
            f"the ledger given has {count} fault(s) itself (`verify` lists them); the first: {report.faults[0]}"
        )
        findings.add(Code.LEDGER_FAULTY, message)
        return
    if report.instance != signed.instance:
        message = f"the ledger given is that of {report.instance!r}, the evidence is of {signed.instance!r}"
        findings.add(Code.LEDGER_FOREIGN, message)
        return
    entry = _entry(found)
    if entry is None:
        message = (
            f"the ledger given ends with entry {report.entries}, the evidence is in entry {signed.sequence}: "
            "ask for a newer export"
        )
        findings.add(Code.NOT_IN_LEDGER, message)
    elif entry.digest != signed.entry_digest or not takes_down(entry, signed.statement):
        message = f"entry {entry.sequence} of the ledger carries something else than this evidence"
        findings.add(Code.LEDGER_DISAGREES, message)


def _noting(lines: Iterable[bytes], wanted: int, found: list[bytes]) -> Iterator[bytes]:
    for number, line in enumerate(lines, start=1):
        if number == wanted:
            found.append(line)
        yield line


def _entry(found: list[bytes]) -> Entry | None:
    """The entry of the line that was noted; the line after the last entry is the head."""
    if not found:
        return None
    try:
        part = export.parse(found[0])
    except FormatError:
        return None
    return part if isinstance(part, Entry) else None
