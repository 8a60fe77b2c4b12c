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
    decided_for = models.CharField(max_length=150, blank=True, help_text="In whose stead, if not in their own")
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
    host = models.CharField(max_length=255, blank=True, help_text="Where the system's file was first held")
    last_change = models.CharField(max_length=300, blank=True, help_text="What that file then said")

    def __str__(self) -> str:
        return f"{self.system}: run {self.run_id}"


class HostLock(models.Model):
    """The one run that may disturb the ERPs of a machine now."""

    host = models.CharField(primary_key=True, max_length=300)
    run = models.ForeignKey("records.Run", on_delete=models.PROTECT)
    taken_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.host}: run {self.run_id}"


class Delegation(models.Model):
    """While somebody is away, somebody else decides in their stead."""

    of = models.CharField(max_length=150)
    to = models.CharField(max_length=150)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.TextField(blank=True)
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When it was taken back before its time")

    class Meta:
        ordering = ("-starts_at",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="a_delegation_ends"
            ),
            models.CheckConstraint(condition=~models.Q(of=models.F("to")), name="a_delegation_is_to_another"),
        )

    def __str__(self) -> str:
        return f"{self.to} for {self.of} until {self.ends_at:%Y-%m-%d}"


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
