"""Release 1.1: guardians excuse absences in advance, the school accepts or declines."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from smart_erp.people.models import Guardian, Student


class AttendanceExcuse(models.Model):
    class Status(models.TextChoices):
        WAITING = "waiting"
        ACCEPTED = "accepted"
        DECLINED = "declined"

    student = models.ForeignKey(Student, on_delete=models.CASCADE, related_name="excuses")
    filed_by = models.ForeignKey(Guardian, on_delete=models.PROTECT, related_name="excuses")
    first_day = models.DateField()
    last_day = models.DateField()
    reason = models.CharField(max_length=200)
    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    filed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "attendance_excuse"
        ordering = ["-filed_at"]
        constraints = [
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="excuse_ends_after_start"),
            models.CheckConstraint(
                condition=Q(status__in=["waiting", "accepted", "declined"]), name="excuse_status_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.student} from {self.first_day}"
