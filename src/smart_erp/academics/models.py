"""Teaching: what is taught, to whom, when, who came, and how well it went."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from smart_erp.campus.models import Upload
from smart_erp.people.models import Staff, Student


class Programme(models.Model):
    code = models.CharField(max_length=10, unique=True)
    title = models.CharField(max_length=80)

    class Meta:
        db_table = "programme"

    def __str__(self) -> str:
        return self.title


class SchoolYear(models.Model):
    name = models.CharField(max_length=9, unique=True)
    starts_on = models.DateField()
    ends_on = models.DateField()

    class Meta:
        db_table = "school_year"
        constraints = [
            models.CheckConstraint(condition=Q(ends_on__gt=F("starts_on")), name="school_year_ends_after_start")
        ]

    def __str__(self) -> str:
        return self.name


class Course(models.Model):
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="courses")
    code = models.CharField(max_length=16, unique=True)
    title = models.CharField(max_length=80)
    level = models.PositiveSmallIntegerField()
    credits = models.PositiveSmallIntegerField()

    class Meta:
        db_table = "course"
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.title} {self.level}"


class Room(models.Model):
    name = models.CharField(max_length=12, unique=True)

    class Meta:
        db_table = "room"

    def __str__(self) -> str:
        return self.name


class Section(models.Model):
    """One course taught to one class by one teacher in one school year."""

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="sections")
    school_year = models.ForeignKey(SchoolYear, on_delete=models.PROTECT, related_name="sections")
    teacher = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="sections")
    class_name = models.CharField(max_length=8)
    students = models.ManyToManyField(Student, through="Enrolment", related_name="sections")
    if "places" in settings.RELEASE.features:
        places = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        db_table = "section"
        ordering = ["course__code", "class_name"]
        constraints = [
            models.UniqueConstraint(fields=["course", "school_year", "class_name"], name="section_once_a_year")
        ]

    def __str__(self) -> str:
        return f"{self.course.title} {self.class_name}"


class TimetableSlot(models.Model):
    """A weekly lesson. Weekday 1 is Monday; period 0 is the register before the first lesson."""

    section = models.ForeignKey(Section, on_delete=models.CASCADE, related_name="slots")
    weekday = models.PositiveSmallIntegerField()
    period = models.PositiveSmallIntegerField()
    room = models.ForeignKey(Room, on_delete=models.PROTECT)

    class Meta:
        db_table = "timetable_slot"
        constraints = [
            models.UniqueConstraint(fields=["room", "weekday", "period"], name="timetable_room_free"),
            models.UniqueConstraint(fields=["section", "weekday", "period"], name="timetable_section_once"),
            models.CheckConstraint(condition=Q(weekday__range=(1, 7)), name="timetable_weekday"),
            models.CheckConstraint(condition=Q(period__range=(0, 12)), name="timetable_period"),
        ]

    def __str__(self) -> str:
        return f"{self.section}, day {self.weekday}, period {self.period}"


class Enrolment(models.Model):
    """A student in a section. `final_grade` is written by a database trigger, never by the program."""

    student = models.ForeignKey(Student, on_delete=models.PROTECT, related_name="enrolments")
    section = models.ForeignKey(Section, on_delete=models.PROTECT, related_name="enrolments")
    enrolled_on = models.DateField()
    final_grade = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True, editable=False)

    class Meta:
        db_table = "enrolment"
        constraints = [
            models.UniqueConstraint(fields=["student", "section"], name="enrolment_once"),
            models.CheckConstraint(condition=Q(final_grade__range=(0, 100)), name="enrolment_final_grade_range"),
        ]

    def __str__(self) -> str:
        return f"{self.student} in {self.section}"


class Attendance(models.Model):
    class Mark(models.TextChoices):
        PRESENT = "present"
        LATE = "late"
        ABSENT = "absent"
        EXCUSED = "excused"

    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="attendance")
    held_on = models.DateField()
    mark = models.CharField(max_length=8, choices=Mark)
    recorded_by = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "attendance"
        verbose_name_plural = "attendance"
        constraints = [
            models.UniqueConstraint(fields=["enrolment", "held_on"], name="attendance_once_a_day"),
            models.CheckConstraint(
                condition=Q(mark__in=["present", "late", "absent", "excused"]), name="attendance_mark_known"
            ),
        ]
        indexes = [models.Index(fields=["held_on"], name="attendance_day")]

    def __str__(self) -> str:
        return f"{self.enrolment} on {self.held_on}: {self.mark}"


class Assignment(models.Model):
    """Work that is graded; `weight` is its share in percent of the final grade."""

    section = models.ForeignKey(Section, on_delete=models.CASCADE, related_name="assignments")
    title = models.CharField(max_length=80)
    weight = models.PositiveSmallIntegerField()
    due_on = models.DateField()
    takes_files = models.BooleanField(default=False)

    class Meta:
        db_table = "assignment"
        ordering = ["due_on", "id"]
        constraints = [models.CheckConstraint(condition=Q(weight__range=(1, 100)), name="assignment_weight_range")]

    def __str__(self) -> str:
        return self.title


class Submission(models.Model):
    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="submissions")
    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="submissions")
    upload = models.OneToOneField(Upload, on_delete=models.PROTECT, related_name="submission")
    handed_in_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "submission"
        indexes = [models.Index(fields=["assignment", "enrolment"], name="submission_of_assignment")]

    def __str__(self) -> str:
        return f"{self.assignment} by {self.enrolment.student}"


class Grade(models.Model):
    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="grades")
    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="grades")
    score = models.DecimalField(max_digits=5, decimal_places=2)
    graded_by = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+")
    graded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "grade"
        constraints = [
            models.UniqueConstraint(fields=["assignment", "enrolment"], name="grade_once"),
            models.CheckConstraint(condition=Q(score__range=(0, 100)), name="grade_score_range"),
        ]

    def __str__(self) -> str:
        return f"{self.assignment}: {self.score}"


class GradeChange(models.Model):
    """History of changed and deleted grades, written by a database trigger; no new score means deleted."""

    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="+")
    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="+")
    old_score = models.DecimalField(max_digits=5, decimal_places=2)
    new_score = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "grade_change"

    def __str__(self) -> str:
        return f"{self.assignment}: {self.old_score} became {self.new_score}"
