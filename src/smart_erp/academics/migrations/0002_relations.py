import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("academics", "0001_initial"),
        ("campus", "0001_initial"),
        ("people", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="attendance",
            name="recorded_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.staff"
            ),
        ),
        migrations.AddField(
            model_name="enrolment",
            name="student",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="enrolments", to="people.student"
            ),
        ),
        migrations.AddField(
            model_name="attendance",
            name="enrolment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="attendance",
                to="academics.enrolment",
            ),
        ),
        migrations.AddField(
            model_name="grade",
            name="assignment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="grades", to="academics.assignment"
            ),
        ),
        migrations.AddField(
            model_name="grade",
            name="enrolment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="grades", to="academics.enrolment"
            ),
        ),
        migrations.AddField(
            model_name="grade",
            name="graded_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.staff"
            ),
        ),
        migrations.AddField(
            model_name="gradechange",
            name="assignment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="academics.assignment"
            ),
        ),
        migrations.AddField(
            model_name="gradechange",
            name="enrolment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="academics.enrolment"
            ),
        ),
        migrations.AddField(
            model_name="course",
            name="programme",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="courses", to="academics.programme"
            ),
        ),
        migrations.AddConstraint(
            model_name="schoolyear",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_on__gt", models.F("starts_on"))),
                name="school_year_ends_after_start",
            ),
        ),
        migrations.AddField(
            model_name="section",
            name="course",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="sections", to="academics.course"
            ),
        ),
        migrations.AddField(
            model_name="section",
            name="school_year",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="sections",
                to="academics.schoolyear",
            ),
        ),
        migrations.AddField(
            model_name="section",
            name="students",
            field=models.ManyToManyField(
                related_name="sections", through="academics.Enrolment", to="people.student"
            ),
        ),
        migrations.AddField(
            model_name="section",
            name="teacher",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="sections", to="people.staff"
            ),
        ),
        migrations.AddField(
            model_name="enrolment",
            name="section",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="enrolments", to="academics.section"
            ),
        ),
        migrations.AddField(
            model_name="assignment",
            name="section",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="assignments",
                to="academics.section",
            ),
        ),
        migrations.AddField(
            model_name="submission",
            name="assignment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="submissions",
                to="academics.assignment",
            ),
        ),
        migrations.AddField(
            model_name="submission",
            name="enrolment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="submissions",
                to="academics.enrolment",
            ),
        ),
        migrations.AddField(
            model_name="submission",
            name="upload",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="submission", to="campus.upload"
            ),
        ),
        migrations.AddField(
            model_name="timetableslot",
            name="room",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="academics.room"),
        ),
        migrations.AddField(
            model_name="timetableslot",
            name="section",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="slots", to="academics.section"
            ),
        ),
        migrations.AddIndex(
            model_name="attendance",
            index=models.Index(fields=["held_on"], name="attendance_day"),
        ),
        migrations.AddConstraint(
            model_name="attendance",
            constraint=models.UniqueConstraint(fields=("enrolment", "held_on"), name="attendance_once_a_day"),
        ),
        migrations.AddConstraint(
            model_name="attendance",
            constraint=models.CheckConstraint(
                condition=models.Q(("mark__in", ["present", "late", "absent", "excused"])),
                name="attendance_mark_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="grade",
            constraint=models.UniqueConstraint(fields=("assignment", "enrolment"), name="grade_once"),
        ),
        migrations.AddConstraint(
            model_name="grade",
            constraint=models.CheckConstraint(
                condition=models.Q(("score__range", (0, 100))), name="grade_score_range"
            ),
        ),
        migrations.AddConstraint(
            model_name="section",
            constraint=models.UniqueConstraint(
                fields=("course", "school_year", "class_name"), name="section_once_a_year"
            ),
        ),
        migrations.AddConstraint(
            model_name="enrolment",
            constraint=models.UniqueConstraint(fields=("student", "section"), name="enrolment_once"),
        ),
        migrations.AddConstraint(
            model_name="enrolment",
            constraint=models.CheckConstraint(
                condition=models.Q(("final_grade__range", (0, 100))), name="enrolment_final_grade_range"
            ),
        ),
        migrations.AddConstraint(
            model_name="assignment",
            constraint=models.CheckConstraint(
                condition=models.Q(("weight__range", (1, 100))), name="assignment_weight_range"
            ),
        ),
        migrations.AddIndex(
            model_name="submission",
            index=models.Index(fields=["assignment", "enrolment"], name="submission_of_assignment"),
        ),
        migrations.AddConstraint(
            model_name="timetableslot",
            constraint=models.UniqueConstraint(fields=("room", "weekday", "period"), name="timetable_room_free"),
        ),
        migrations.AddConstraint(
            model_name="timetableslot",
            constraint=models.UniqueConstraint(
                fields=("section", "weekday", "period"), name="timetable_section_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="timetableslot",
            constraint=models.CheckConstraint(
                condition=models.Q(("weekday__range", (1, 7))), name="timetable_weekday"
            ),
        ),
        migrations.AddConstraint(
            model_name="timetableslot",
            constraint=models.CheckConstraint(
                condition=models.Q(("period__range", (0, 12))), name="timetable_period"
            ),
        ),
    ]
