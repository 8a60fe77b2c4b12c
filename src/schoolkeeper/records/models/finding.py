"""Findings: each row is one life of one finding, from first seen to resolved."""

from __future__ import annotations

from django.db import models

from schoolkeeper.kernel.finding import Level


class FindingRecord(models.Model):
    """What a run saw. Its identity is (system, code, subject); only one life of it is open at a time."""

    system = models.SlugField(max_length=63, db_index=False)
    task = models.CharField(max_length=100)
    code = models.CharField(max_length=120)
    subject = models.CharField(max_length=500, blank=True)
    level = models.PositiveSmallIntegerField(choices=[(level.value, level.name.capitalize()) for level in Level])
    says = models.TextField()
    hint = models.TextField(blank=True)
    data = models.JSONField(default=dict)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    times_seen = models.PositiveIntegerField(default=1)
    resolved_at = models.DateTimeField(null=True, blank=True)
    run = models.ForeignKey(
        "records.Run",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="findings",
        help_text="Empty for what was found because no run was",
    )

    class Meta:
        ordering = ("-level", "-last_seen")
        constraints = (
            models.UniqueConstraint(
                fields=["system", "code", "subject"],
                condition=models.Q(resolved_at__isnull=True),
                name="one_open_life_per_finding",
            ),
        )
        indexes = (models.Index(fields=["system", "-last_seen"], name="finding_system"),)

    def __str__(self) -> str:
        return f"{self.code} {self.subject}".strip()


class Silence(models.Model):
    """A person's word that a finding is known and may be passed over, until a date, for a reason."""

    system = models.SlugField(max_length=63)
    code = models.CharField(max_length=120)
    subject = models.CharField(max_length=500, blank=True)
    every_subject = models.BooleanField(default=False, help_text="All of this code, whatever the subject")
    reason = models.TextField()
    until = models.DateTimeField()
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField()

    class Meta:
        ordering = ("-until",)
        constraints = (
            models.CheckConstraint(condition=~models.Q(reason=""), name="a_silence_has_a_reason"),
            models.CheckConstraint(condition=models.Q(until__gt=models.F("made_at")), name="a_silence_ends"),
        )

    def __str__(self) -> str:
        covered = "*" if self.every_subject else self.subject
        return f"{self.code} {covered} until {self.until:%Y-%m-%d}".replace("  ", " ")
