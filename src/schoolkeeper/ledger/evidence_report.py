"""What the verifier found out about signed evidence, as data and as sentences."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from schoolkeeper.ledger.canonical import time_text
from schoolkeeper.ledger.evidence import SignedEvidence
from schoolkeeper.ledger.report import printable


class Code(StrEnum):
    """What is wrong; the codes never change, the sentences may."""

    UNREADABLE = "unreadable"
    REPEATED_KEY = "repeated_key"
    WRONG_FORMAT = "wrong_format"
    UNKNOWN_FIELD = "unknown_field"
    MISSING_FIELD = "missing_field"
    WRONG_VALUE = "wrong_value"
    NOT_CANONICAL = "not_canonical"
    WRONG_KEY = "wrong_key"
    BAD_SIGNATURE = "bad_signature"
    LEDGER_FAULTY = "ledger_faulty"
    LEDGER_FOREIGN = "ledger_foreign"
    NOT_IN_LEDGER = "not_in_ledger"
    LEDGER_DISAGREES = "ledger_disagrees"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing found."""

    code: Code
    message: str

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The answer. `signed` is None for a file that could not be read; `is_signed` is None when the signature could
    not be looked at, `is_anchored` when no ledger was given."""

    signed: SignedEvidence | None = None
    faults: tuple[Fault, ...] = ()
    is_signed: bool | None = None
    is_anchored: bool | None = None

    @property
    def ok(self) -> bool:
        """Genuine, as far as it was looked at."""
        return not self.faults and self.looked

    @property
    def looked(self) -> bool:
        """False if the signature could not be looked at."""
        return self.signed is None or self.is_signed is not None

    def as_json(self) -> dict[str, object]:
        """For programs: times as text, `evidence` as in the file."""
        signed = self.signed
        return {
            "ok": self.ok,
            "evidence": signed.statement.fields() if signed else None,
            "instance": signed.instance if signed else None,
            "key_id": signed.key_id if signed else None,
            "is_signed": self.is_signed,
            "is_anchored": self.is_anchored,
            "faults": [{"code": fault.code.value, "message": fault.message} for fault in self.faults],
        }

    def sentences(self) -> list[str]:
        """The report for people, one line each, without control characters that the file might bring."""
        said = [*self._content(), *(f"FAULT {fault}" for fault in self.faults), f"Result: {self._result()}"]
        return [printable(line) for line in said]

    def _content(self) -> Iterator[str]:
        if self.signed is None:
            return
        one = self.signed.statement
        yield f"Evidence: {one.kind} {one.key} of {one.system}, kept {time_text(one.at)} by {one.task}"
        yield f"Run: {one.run}"
        yield f"Says: {one.says}"
        yield f"Answer: {'yes, it holds' if one.holds else 'NO, it does not hold'}"
        signature = {True: "good", False: "BAD", None: "NOT CHECKED"}[self.is_signed]
        yield f"Signature: {signature}, of {self.signed.instance!r} with key {self.signed.key_id}"
        anchored = {True: "carries its digest", False: "NOT confirmed", None: "not compared (no export was given)"}
        yield f"Ledger: entry {self.signed.sequence} {anchored[self.is_anchored]}"

    def _result(self) -> str:
        if count := len(self.faults):
            return f"{count} fault{'s' if count > 1 else ''} found: do not rely on this file"
        if not self.looked:
            return "no fault found; could not look at the signature (cryptography is missing)"
        return "genuine; no byte was changed since it was signed"
