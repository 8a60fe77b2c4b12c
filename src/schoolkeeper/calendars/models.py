"""What binds the time of changes: windows, freezes, overrides, and the academic calendar behind freezes."""

from __future__ import annotations

from datetime import datetime

from django.db import models

from schoolkeeper.kernel.spec import Risk

RISKS = [(risk.value, risk.name.capitalize().replace("_", " ")) for risk in Risk]


class Scoped(models.Model):
    """About one system, or all of an institution, or (both empty) all that are in our care."""

    institution = models.CharField(max_length=200, blank=True)
    system = models.SlugField(max_length=63, blank=True, db_index=False)

    class Meta:
        abstract = True

    @property
    def about(self) -> str:
        return self.system or self.institution or "all systems"


class WindowSeries(Scoped):
    """Windows that repeat: a rule of RFC 5545 by the wall clock of a zone."""

    title = models.CharField(max_length=200)
    rule = models.CharField(max_length=500)
    at = models.TimeField(help_text="The wall clock's time at which each begins")
    zone = models.CharField(max_length=64)
    minutes = models.PositiveIntegerField()
    allows = models.PositiveSmallIntegerField(choices=RISKS, default=Risk.DISRUPTIVE)
    says = models.TextField(blank=True, help_text="What users are told about each")
    reason = models.TextField(blank=True, help_text="Why then: a person's words, or what the activity showed")
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField()
    made_until = models.DateTimeField(null=True, blank=True, help_text="Windows are made up to here")
    clocks = models.CharField(max_length=16, blank=True, help_text="By which rules of `zone` they were made")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("title", "id")

    def __str__(self) -> str:
        return f"{self.title} ({self.about})"


class Window(Scoped):
    """One stretch of time in which an ERP may be disturbed. Whatever belongs to it hangs on this row.

    `allows` is the greatest risk that may run in it. Alerts are held back while it is open, measurements and
    findings are kept all the same, and its time does not count against the service level. It stays open beyond
    `ends_at` while a run that began in it goes on: that is its overrun.
    """

    series = models.ForeignKey(
        WindowSeries, null=True, blank=True, on_delete=models.PROTECT, related_name="windows"
    )
    title = models.CharField(max_length=200)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    allows = models.PositiveSmallIntegerField(choices=RISKS, default=Risk.DISRUPTIVE)
    says = models.TextField(blank=True, help_text="What users are told about it")
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True, blank=True)
    overrun_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.CharField(max_length=150, blank=True)
    cancel_reason = models.TextField(blank=True)

    class Meta:
        ordering = ("starts_at", "id")
        constraints = (
            models.CheckConstraint(condition=models.Q(ends_at__gt=models.F("starts_at")), name="a_window_ends"),
            models.UniqueConstraint(fields=["series", "starts_at"], name="one_window_of_a_series_at_a_time"),
        )
        indexes = (models.Index(fields=["ends_at"], name="window_ends", condition=models.Q(closed_at=None)),)

    def __str__(self) -> str:
        return f"{self.title}, {self.starts_at:%Y-%m-%d %H:%M}"

    def state_at(self, now: datetime) -> str:
        """What has become of it: planned, open, overrun, over or cancelled."""
        if self.cancelled_at is not None:
            return "cancelled"
        if now < self.starts_at:
            return "planned"
        if now < self.ends_at:
            return "open"
        return "overrun" if self.overrun_at and not self.closed_at else "over"


class CalendarSource(models.Model):
    """Where an academic calendar is read from: an address, an uploaded file, or a country's holidays."""

    institution = models.CharField(max_length=200)
    title = models.CharField(max_length=200)
    address = models.CharField(max_length=1000, blank=True, help_text="An https address or a file of this machine")
    content = models.TextField(blank=True, help_text="The text of an uploaded iCalendar file")
    country = models.CharField(max_length=2, blank=True, help_text="ISO 3166 code: its public holidays")
    subdivision = models.CharField(max_length=10, blank=True)
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField()
    tried_at = models.DateTimeField(null=True, blank=True, help_text="When somebody last began to read it")
    read_at = models.DateTimeField(null=True, blank=True, help_text="When it was last read without a fault")
    fault = models.TextField(blank=True, help_text="Why it could not be read the last time")

    class Meta:
        ordering = ("institution", "title")
        constraints = (models.UniqueConstraint(fields=["institution", "title"], name="one_source_of_a_title"),)

    def __str__(self) -> str:
        return f"{self.institution}: {self.title}"


class AcademicEvent(models.Model):
    """One entry of an institution's academic calendar. `source` is empty for what was entered by hand."""

    class Category(models.TextChoices):
        TERM = "term", "Term"
        EXAMS = "exams", "Exams"
        ENROLMENT = "enrolment", "Enrolment"
        RESULTS = "results", "Results day"
        HOLIDAY = "holiday", "Holiday"
        OTHER = "other", "Other"

    institution = models.CharField(max_length=200)
    source = models.ForeignKey(
        CalendarSource, null=True, blank=True, on_delete=models.CASCADE, related_name="events"
    )
    uid = models.CharField(max_length=500, help_text="What the source calls it, with the date of a repetition")
    series = models.CharField(max_length=500, help_text="What the source calls it and all its repetitions")
    title = models.CharField(max_length=500)
    category = models.CharField(max_length=10, choices=Category.choices, default=Category.OTHER)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    all_day = models.BooleanField(default=False)
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField()

    class Meta:
        ordering = ("starts_at", "id")
        constraints = (
            models.UniqueConstraint(
                fields=["institution", "source", "uid"], name="one_event_per_uid", nulls_distinct=False
            ),
            models.CheckConstraint(condition=models.Q(ends_at__gt=models.F("starts_at")), name="an_event_ends"),
        )
        indexes = (models.Index(fields=["institution", "starts_at"], name="event_start"),)

    def __str__(self) -> str:
        return f"{self.title}, {self.starts_at:%Y-%m-%d}"


class CategoryCorrection(models.Model):
    """What a person said an event and all its repetitions are. It is remembered apart from the events, so it holds
    whatever the source says and however often it is read."""

    source = models.ForeignKey(CalendarSource, on_delete=models.CASCADE, related_name="corrections")
    series = models.CharField(max_length=500)
    category = models.CharField(max_length=10, choices=AcademicEvent.Category.choices)
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["source", "series"], name="one_correction_per_event"),)

    def __str__(self) -> str:
        return f"{self.series}: {self.category}"


class Freeze(Scoped):
    """A time in which an ERP is not to be changed. Hard: nothing of it; soft: nothing that disturbs its users.

    It follows the event that it was made for; one made by hand has none. It ends early when somebody lifts it.
    """

    class Kind(models.TextChoices):
        HARD = "hard", "Hard"
        SOFT = "soft", "Soft"

    kind = models.CharField(max_length=4, choices=Kind.choices)
    title = models.CharField(max_length=500)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    event = models.OneToOneField(
        AcademicEvent, null=True, blank=True, on_delete=models.SET_NULL, related_name="freeze"
    )
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.CharField(max_length=150, blank=True)
    lift_reason = models.TextField(blank=True)

    class Meta:
        ordering = ("starts_at", "id")
        constraints = (
            models.CheckConstraint(condition=models.Q(ends_at__gt=models.F("starts_at")), name="a_freeze_ends"),
        )
        indexes = (models.Index(fields=["ends_at"], name="freeze_ends", condition=models.Q(lifted_at=None)),)

    def __str__(self) -> str:
        return f"{self.title} ({self.kind} freeze of {self.about})"


class FreezeRule(models.Model):
    """How an institution treats a kind of event: frozen or not, and how long before and after."""

    institution = models.CharField(max_length=200)
    category = models.CharField(max_length=10, choices=AcademicEvent.Category.choices)
    kind = models.CharField(max_length=4, choices=[*Freeze.Kind.choices, ("", "No freeze")], blank=True)
    hours_before = models.PositiveIntegerField(default=0)
    hours_after = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("institution", "category")
        constraints = (models.UniqueConstraint(fields=["institution", "category"], name="one_rule_per_category"),)

    def __str__(self) -> str:
        return f"{self.institution}: {self.category} {self.kind or 'no freeze'}"


class Override(models.Model):
    """Leave to change one system in spite of a freeze or outside a window: asked for by one person, granted by
    another, for a reason, until a time. `task` narrows it to one; empty is any."""

    system = models.SlugField(max_length=63)
    task = models.CharField(max_length=100, blank=True)
    reason = models.TextField()
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    granted_by = models.CharField(max_length=150, blank=True)
    granted_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When somebody refused it or took it back")
    ended_by = models.CharField(max_length=150, blank=True)
    end_reason = models.TextField(blank=True)

    class Meta:
        ordering = ("-asked_at",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(granted_by="") | ~models.Q(granted_by=models.F("asked_by")),
                name="an_override_takes_two_people",
            ),
            models.CheckConstraint(condition=~models.Q(reason=""), name="an_override_has_a_reason"),
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("asked_at")), name="an_override_expires"
            ),
        )

    def __str__(self) -> str:
        return f"Override for {self.task or 'any task'} on {self.system}"
