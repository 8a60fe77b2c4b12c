import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Assignment",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("title", models.CharField(max_length=80)),
                ("weight", models.PositiveSmallIntegerField()),
                ("due_on", models.DateField()),
                ("takes_files", models.BooleanField(default=False)),
            ],
            options={
                "db_table": "assignment",
                "ordering": ["due_on", "id"],
            },
        ),
        migrations.CreateModel(
            name="Attendance",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("held_on", models.DateField()),
                (
                    "mark",
                    models.CharField(
                        choices=[
                            ("present", "Present"),
                            ("late", "Late"),
                            ("absent", "Absent"),
                            ("excused", "Excused"),
                        ],
                        max_length=8,
                    ),
                ),
                ("recorded_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "verbose_name_plural": "attendance",
                "db_table": "attendance",
            },
        ),
        migrations.CreateModel(
            name="Course",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("code", models.CharField(max_length=16, unique=True)),
                ("title", models.CharField(max_length=80)),
                ("level", models.PositiveSmallIntegerField()),
                ("credits", models.PositiveSmallIntegerField()),
            ],
            options={
                "db_table": "course",
                "ordering": ["code"],
            },
        ),
        migrations.CreateModel(
            name="Enrolment",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("enrolled_on", models.DateField()),
                (
                    "final_grade",
                    models.DecimalField(blank=True, decimal_places=2, editable=False, max_digits=5, null=True),
                ),
            ],
            options={
                "db_table": "enrolment",
            },
        ),
        migrations.CreateModel(
            name="Grade",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("score", models.DecimalField(decimal_places=2, max_digits=5)),
                ("graded_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "db_table": "grade",
            },
        ),
        migrations.CreateModel(
            name="GradeChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("old_score", models.DecimalField(decimal_places=2, max_digits=5)),
                ("new_score", models.DecimalField(decimal_places=2, max_digits=5, null=True)),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "db_table": "grade_change",
            },
        ),
        migrations.CreateModel(
            name="Programme",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("code", models.CharField(max_length=10, unique=True)),
                ("title", models.CharField(max_length=80)),
            ],
            options={
                "db_table": "programme",
            },
        ),
        migrations.CreateModel(
            name="Room",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("name", models.CharField(max_length=12, unique=True)),
            ],
            options={
                "db_table": "room",
            },
        ),
        migrations.CreateModel(
            name="SchoolYear",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("name", models.CharField(max_length=9, unique=True)),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
            ],
            options={
                "db_table": "school_year",
            },
        ),
        migrations.CreateModel(
            name="Section",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("class_name", models.CharField(max_length=8)),
            ],
            options={
                "db_table": "section",
                "ordering": ["course__code", "class_name"],
            },
        ),
        migrations.CreateModel(
            name="Submission",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("handed_in_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "db_table": "submission",
            },
        ),
        migrations.CreateModel(
            name="TimetableSlot",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("weekday", models.PositiveSmallIntegerField()),
                ("period", models.PositiveSmallIntegerField()),
            ],
            options={
                "db_table": "timetable_slot",
            },
        ),
    ]
