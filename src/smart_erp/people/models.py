"""The people of the school. Each may have a user to sign in with; the role is a Django group."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from smart_erp.campus.models import Upload


class Person(models.Model):
    first_name = models.CharField(max_length=60)
    last_name = models.CharField(max_length=60)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="%(class)s"
    )

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}"


class Student(Person):
    class Status(models.TextChoices):
        ACTIVE = "active"
        LEFT = "left"
        GRADUATED = "graduated"

    number = models.CharField(max_length=12, unique=True)
    born_on = models.DateField()
    admitted_on = models.DateField()
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    photo = models.ForeignKey(Upload, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        db_table = "student"
        ordering = ["last_name", "first_name", "number"]
        indexes = [models.Index(fields=["last_name", "first_name"], name="student_name")]
        constraints = [
            models.CheckConstraint(condition=Q(admitted_on__gt=F("born_on")), name="student_admitted_after_birth"),
            models.CheckConstraint(
                condition=Q(status__in=["active", "left", "graduated"]), name="student_status_known"
            ),
        ]


class Guardian(Person):
    email = models.EmailField()
    phone = models.CharField(max_length=24)
    students = models.ManyToManyField(Student, through="Guardianship", related_name="guardians")

    class Meta:
        db_table = "guardian"
        ordering = ["last_name", "first_name"]


class Guardianship(models.Model):
    student = models.ForeignKey(Student, on_delete=models.CASCADE)
    guardian = models.ForeignKey(Guardian, on_delete=models.CASCADE)
    relation = models.CharField(max_length=20)

    class Meta:
        db_table = "guardianship"
        constraints = [models.UniqueConstraint(fields=["student", "guardian"], name="guardianship_once")]

    def __str__(self) -> str:
        return f"{self.guardian}, {self.relation} of {self.student}"


class Staff(Person):
    number = models.CharField(max_length=12, unique=True)
    email = models.EmailField()
    job_title = models.CharField(max_length=60)
    hired_on = models.DateField()
    photo = models.ForeignKey(Upload, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        db_table = "staff"
        ordering = ["last_name", "first_name", "number"]
        verbose_name_plural = "staff"
