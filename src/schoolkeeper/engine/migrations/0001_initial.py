import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("records", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Worker",
            fields=[
                ("id", models.CharField(max_length=100, primary_key=True, serialize=False)),
                ("host", models.CharField(max_length=200)),
                ("pid", models.PositiveIntegerField()),
                ("started_at", models.DateTimeField()),
                ("heartbeat_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Approval",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("task", models.CharField(max_length=100)),
                ("spec_version", models.PositiveIntegerField()),
                ("facts_digest", models.CharField(max_length=64)),
                ("plan_digest", models.CharField(max_length=64)),
                ("requested_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                (
                    "decision",
                    models.CharField(
                        blank=True, choices=[("granted", "Granted"), ("denied", "Denied")], max_length=10
                    ),
                ),
                ("decided_by", models.CharField(blank=True, max_length=150)),
                ("decided_at", models.DateTimeField(null=True)),
                ("reason", models.TextField(blank=True)),
                (
                    "run",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="approval", to="records.run"
                    ),
                ),
            ],
            options={
                "ordering": ("-requested_at",),
            },
        ),
        migrations.CreateModel(
            name="Hold",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("system", models.SlugField(max_length=63)),
                ("since", models.DateTimeField()),
                ("cleared_at", models.DateTimeField(null=True)),
                ("cleared_by", models.CharField(blank=True, max_length=150)),
                (
                    "reason",
                    models.TextField(blank=True, help_text="What was found and mended before it was cleared"),
                ),
                ("run", models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, to="records.run")),
            ],
            options={
                "ordering": ("-since",),
            },
        ),
        migrations.CreateModel(
            name="WriterLock",
            fields=[
                ("system", models.SlugField(max_length=63, primary_key=True, serialize=False)),
                ("taken_at", models.DateTimeField()),
                (
                    "host",
                    models.CharField(
                        blank=True, help_text="Where the system's file was first held", max_length=255
                    ),
                ),
                (
                    "last_change",
                    models.CharField(blank=True, help_text="What that file then said", max_length=300),
                ),
                ("run", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="records.run")),
            ],
        ),
    ]
