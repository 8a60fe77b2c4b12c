"""The tables of the records, one file each."""

from schoolkeeper.records.models.evidence import EvidenceRecord
from schoolkeeper.records.models.finding import FindingRecord, Silence
from schoolkeeper.records.models.ledger import LedgerEntry
from schoolkeeper.records.models.measurement import LatestMeasurement, MeasurementRecord
from schoolkeeper.records.models.run import Run, StepRecord

__all__ = [
    "EvidenceRecord",
    "FindingRecord",
    "LatestMeasurement",
    "LedgerEntry",
    "MeasurementRecord",
    "Run",
    "Silence",
    "StepRecord",
]
