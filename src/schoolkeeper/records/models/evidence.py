"""Evidence: what runs left behind for later readers to rely on."""

from django.db import models


class EvidenceRecord(models.Model):
    """A backup set, a proof of one. A new run may say it again: the newest row of a (kind, key) counts."""

    system = models.SlugField(max_length=63, db_index=False)
    kind = models.CharField(max_length=50)
    key = models.CharField(max_length=200)
    holds = models.BooleanField()
    says = models.TextField()
    data = models.JSONField(default=dict)
    at = models.DateTimeField()
    run = models.ForeignKey("records.Run", on_delete=models.PROTECT, related_name="evidence")

    class Meta:
        ordering = ("-at",)
        constraints = (
            models.UniqueConstraint(fields=["run", "kind", "key"], name="one_evidence_per_run_and_key"),
        )
        indexes = (models.Index(fields=["system", "kind", "-at"], name="evidence_newest"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
