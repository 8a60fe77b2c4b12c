"""What the engine must remember to be safe: approvals, who is changing a system, who is at work."""

from __future__ import annotations

from django.db import models


class Approval(models.Model):
    """A person's yes or no to one plan on one set of facts. It binds to both digests, and expires."""

    class Decision(models.TextChoices):
        GRANTED = "granted", "Granted"
        DENIED = "denied", "Denied"

    run = models.OneToOneField("records.Run", on_delete=models.PROTECT, related_name="approval")
    task = models.CharField(max_length=100)
    spec_version = models.PositiveIntegerField()
    facts_digest = models.CharField(max_length=64)
    plan_digest = models.CharField(max_length=64)
    requested_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decision = models.CharField(max_length=10, choices=Decision.choices, blank=True)
    decided_by = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True)

    class Meta:
        ordering = ("-requested_at",)

    def __str__(self) -> str:
        return f"Approval of run {self.run_id}: {self.decision or 'open'}"


class WriterLock(models.Model):
    """The one run that may change a system now."""

    system = models.SlugField(primary_key=True, max_length=63)
    run = models.ForeignKey("records.Run", on_delete=models.PROTECT)
    taken_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.system}: run {self.run_id}"


class Hold(models.Model):
    """Automation on a system is locked: a change could not be taken back, and a person must look first."""

    system = models.SlugField(max_length=63)
    run = models.OneToOneField("records.Run", on_delete=models.PROTECT)
    since = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True)
    cleared_by = models.CharField(max_length=150, blank=True)
    reason = models.TextField(blank=True, help_text="What was found and mended before it was cleared")

    class Meta:
        ordering = ("-since",)

    def __str__(self) -> str:
        return f"{self.system} since run {self.run_id}"


class Worker(models.Model):
    """A process that carries out runs; it is alive while it holds the advisory lock on its id."""

    id = models.CharField(primary_key=True, max_length=100)
    host = models.CharField(max_length=200)
    pid = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.id
