"""What happened? Runs and their steps, findings with a life, measurements, evidence and the ledger.

Records name a system by its slug, not by a foreign key: they outlive the estate.
"""
