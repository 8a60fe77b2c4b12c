"""What is to be done when: entries, their occurrences, what people sign off, and the scheduler's own memory."""

from __future__ import annotations

from django.db import models


class Knowledge(models.Model):
    """From which definition and which catalogue a system's entries were made."""

    system = models.SlugField(primary_key=True, max_length=63)
    made_from = models.CharField(max_length=64, help_text="The digest of both")

    def __str__(self) -> str:
        return self.system


class Entry(models.Model):
    """One task (or a duty of people) in the programme of one system: when, with what options, whose.

    `changed` names the fields that somebody set; the others follow the house's defaults. An entry that is no
    longer wanted is retired, never deleted: its past occurrences stay.
    """

    class CatchUp(models.TextChoices):
        RUN = "run", "Do it at the next chance"
        SKIP = "skip", "Leave it out"
        ASK = "ask", "Ask a person"

    system = models.SlugField(max_length=63, db_index=False)
    task = models.CharField(max_length=100, help_text="The id of a task, or of a duty")
    by_people = models.BooleanField(default=False, help_text="A duty: people do it, and sign it off")
    rule = models.CharField(max_length=500, help_text="RFC 5545; empty: only after events and on demand")
    at = models.TimeField(help_text="The wall clock's time in `zone`")
    zone = models.CharField(max_length=64)
    options = models.JSONField(default=dict)
    owner = models.CharField(max_length=150, blank=True)
    deputy = models.CharField(max_length=150, blank=True)
    priority = models.SmallIntegerField(default=50, help_text="0 goes first, 100 last")
    late_after_minutes = models.PositiveIntegerField()
    missed_after_minutes = models.PositiveIntegerField()
    catch_up = models.CharField(max_length=4, choices=CatchUp.choices, default=CatchUp.RUN)
    changed = models.JSONField(default=list)
    paused = models.BooleanField(default=False)
    paused_by = models.CharField(max_length=150, blank=True)
    pause_reason = models.TextField(blank=True)
    made_until = models.DateTimeField(null=True, blank=True, help_text="Occurrences are made up to here")
    clocks = models.CharField(max_length=16, blank=True, help_text="By which rules of `zone` they were made")
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("system", "task")
        constraints = (models.UniqueConstraint(fields=["system", "task"], name="one_entry_per_task"),)

    def __str__(self) -> str:
        return f"{self.task} on {self.system}"


class Occurrence(models.Model):
    """One due date of one entry. The pair of them is unique, so that it happens once whatever restarts.

    `not_before` is when it may start: the due time, or later when it waits for a window or to be caught up. It is
    late when it ended after `late_at`, and missed when it has not begun by `missed_at`.
    """

    class State(models.TextChoices):
        DUE = "due", "Due"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        LATE = "late", "Done late"
        MISSED = "missed", "Missed"
        WAIVED = "waived", "Waived"

    class Reason(models.TextChoices):
        NO_WORKER = "no_worker", "No worker was there"
        NO_CAPACITY = "no_capacity", "No capacity was free"
        FREEZE = "freeze", "A freeze"
        WINDOW = "window", "No maintenance window"
        GATE = "gate", "The gate said no"
        ERROR = "error", "It broke"
        NOBODY = "nobody", "Nobody did it"

    FINAL = (State.DONE, State.LATE, State.MISSED, State.WAIVED)

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="occurrences", db_index=False)
    due_at = models.DateTimeField()
    not_before = models.DateTimeField()
    late_at = models.DateTimeField()
    missed_at = models.DateTimeField()
    state = models.CharField(max_length=7, choices=State.choices, default=State.DUE)
    cause = models.CharField(max_length=100, blank=True, help_text="The event that it follows; empty: the rule")
    run = models.OneToOneField(
        "records.Run", null=True, blank=True, on_delete=models.PROTECT, related_name="occurrence"
    )
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=11, choices=Reason.choices, blank=True)
    says = models.TextField(blank=True, help_text="Why it was missed or waived, in words")
    waived_by = models.CharField(max_length=150, blank=True)
    caught_up_by = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="catches_up"
    )

    class Meta:
        ordering = ("due_at", "id")
        constraints = (
            models.UniqueConstraint(fields=["entry", "due_at", "cause"], name="one_occurrence_per_due_time"),
            models.CheckConstraint(
                condition=~models.Q(state__in=("missed", "waived")) | ~models.Q(says=""),
                name="missed_and_waived_say_why",
            ),
        )
        indexes = (
            models.Index(fields=["not_before"], name="occurrence_due", condition=models.Q(state="due")),
            models.Index(fields=["entry"], name="occurrence_running", condition=models.Q(state="running")),
            models.Index(fields=["ended_at"], name="occurrence_missed", condition=models.Q(state="missed")),
            models.Index(fields=["due_at"], name="occurrence_at"),
        )

    def __str__(self) -> str:
        return f"{self.entry} at {self.due_at:%Y-%m-%d %H:%M}"


class SignOff(models.Model):
    """A person's word that a duty was done, with the checklist's answers and what proves it."""

    occurrence = models.OneToOneField(Occurrence, on_delete=models.PROTECT, related_name="sign_off")
    by = models.CharField(max_length=150)
    at = models.DateTimeField()
    answers = models.JSONField(help_text="[{item, done, note}] in the order of the checklist")
    note = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.occurrence}: {self.by}"


class Attachment(models.Model):
    """A file that proves that a duty was done; it is kept under its digest in the home folder."""

    occurrence = models.ForeignKey(Occurrence, on_delete=models.PROTECT, related_name="attachments")
    name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveBigIntegerField()
    added_by = models.CharField(max_length=150)
    added_at = models.DateTimeField()

    class Meta:
        ordering = ("added_at", "id")

    def __str__(self) -> str:
        return self.name


class Limit(models.Model):
    """How many runs of the programme go on at a time, within a system, a machine or an institution."""

    class Scope(models.TextChoices):
        SYSTEM = "system", "System"
        HOST = "host", "Machine"
        INSTITUTION = "institution", "Institution"

    scope = models.CharField(max_length=11, choices=Scope.choices)
    name = models.CharField(max_length=300, blank=True, help_text="Empty: each one that has no limit of its own")
    runs = models.PositiveIntegerField()
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField()

    class Meta:
        ordering = ("scope", "name")
        constraints = (
            models.UniqueConstraint(fields=["scope", "name"], name="one_limit_per_name"),
            models.CheckConstraint(condition=models.Q(runs__gte=1), name="a_limit_lets_one_through"),
        )

    def __str__(self) -> str:
        return f"{self.scope} {self.name or 'by default'}: {self.runs}"


class Pulse(models.Model):
    """The scheduler's memory of its last round: by it a dead stretch and a clock that jumped are noticed.

    One for each start of a machine that does rounds, the newest first.
    """

    last_at = models.DateTimeField()
    boot_id = models.CharField(
        max_length=36, unique=True, help_text="Which run of the machine the monotonic clock is of"
    )
    monotonic_seconds = models.FloatField()
    by = models.CharField(max_length=100)

    class Meta:
        ordering = ("-last_at",)

    def __str__(self) -> str:
        return f"{self.last_at:%Y-%m-%d %H:%M:%S} by {self.by}"


class Sighting(models.Model):
    """The version that a source told last: by one that differs an update is noticed."""

    system = models.SlugField(max_length=63, blank=True, db_index=False, help_text="Empty: Schoolkeeper itself")
    source = models.CharField(max_length=100, help_text="The task, and what it asked")
    version = models.TextField()
    at = models.DateTimeField()
    number = models.BigIntegerField(
        default=0, help_text="Of the run or the evidence that told it: no clock orders it"
    )

    class Meta:
        constraints = (models.UniqueConstraint(fields=["system", "source"], name="one_sighting_of_a_source"),)
        indexes = (models.Index(fields=["-at"], name="sighting_newest"),)

    def __str__(self) -> str:
        return f"{self.system} {self.source}: {self.version}"


class Gap(models.Model):
    """A stretch in which no scheduler was at work, or that the clock skipped or told twice."""

    class Kind(models.TextChoices):
        ABSENT = "absent", "No scheduler at work"
        FORWARD = "forward", "The clock jumped forward"
        BACKWARD = "backward", "The clock jumped back"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    since = models.DateTimeField()
    until = models.DateTimeField()
    noted_by = models.CharField(max_length=100)

    class Meta:
        ordering = ("-until",)

    def __str__(self) -> str:
        return f"{self.kind} {self.since:%Y-%m-%d %H:%M} to {self.until:%Y-%m-%d %H:%M}"
