"""Runs and their steps."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import models

from schoolkeeper.kernel.outcome import Outcome


class Run(models.Model):
    """One execution of a task on a system. `key` names it everywhere, for good; `id` is short, for people."""

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        WAITING = "waiting", "Waiting for approval"
        ENDED = "ended", "Ended"

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    system = models.SlugField(max_length=63, db_index=False)
    task = models.CharField(max_length=100)
    spec_version = models.PositiveIntegerField()
    options = models.JSONField(default=dict)
    requested_by = models.CharField(max_length=150)
    occasion = models.CharField(max_length=100, help_text="Why it was started: a person, or the programme")
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    outcome = models.CharField(
        max_length=15, blank=True, choices=[(outcome.value, outcome.name.capitalize()) for outcome in Outcome]
    )
    says = models.TextField(blank=True, help_text="The outcome in one sentence")
    refused_by = models.CharField(max_length=20, blank=True, help_text="The rule of the gate that said no")
    requested_at = models.DateTimeField()
    dispatched_at = models.DateTimeField(null=True, help_text="When a worker put it into its queue")
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    facts_before = models.JSONField(null=True)
    facts_after = models.JSONField(null=True)
    facts_digest = models.CharField(max_length=64, blank=True)
    plan_digest = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=["system", "-id"], name="run_system"),
            models.Index(fields=["system", "task", "-id"], name="run_system_task"),
            models.Index(fields=["id"], name="run_open", condition=~models.Q(state="ended")),
            models.Index(fields=["-ended_at"], name="run_ended_at"),
        )

    def __str__(self) -> str:
        return f"Run {self.pk}: {self.task} on {self.system}"

    @property
    def duration(self) -> timedelta | None:
        """From start to end; None while it runs."""
        return self.ended_at - self.started_at if self.started_at and self.ended_at else None


class StepRecord(models.Model):
    """One step of a run's plan, journalled before it starts and after it ends."""

    class State(models.TextChoices):
        PLANNED = "planned", "Planned"
        STARTED = "started", "Started"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        UNDONE = "undone", "Taken back"
        UNDO_FAILED = "undo_failed", "Could not be taken back"

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="steps")
    position = models.PositiveIntegerField()
    key = models.CharField(max_length=300)
    says = models.TextField()
    action = models.JSONField()
    inverse = models.JSONField(null=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.PLANNED)
    attempts = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    result = models.JSONField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ("position",)
        constraints = (models.UniqueConstraint(fields=["run", "key"], name="one_step_per_key"),)

    def __str__(self) -> str:
        return f"{self.key} ({self.state})"
