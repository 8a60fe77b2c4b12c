import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="LatestMeasurement",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("system", models.SlugField(db_index=False, max_length=63)),
                ("name", models.CharField(max_length=100)),
                ("subject", models.CharField(blank=True, max_length=300)),
                ("at", models.DateTimeField()),
                ("value", models.FloatField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("system", "name", "subject"), name="one_latest_per_series")
                ],
            },
        ),
        migrations.CreateModel(
            name="LedgerEntry",
            fields=[
                ("sequence", models.BigIntegerField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("kind", models.CharField(max_length=60)),
                ("system", models.CharField(blank=True, max_length=63)),
                ("actor", models.CharField(max_length=150)),
                ("subject", models.CharField(blank=True, max_length=500)),
                ("data", models.JSONField()),
                ("previous", models.CharField(max_length=64)),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("once", models.CharField(max_length=400, null=True, unique=True)),
            ],
            options={
                "ordering": ("sequence",),
                "indexes": [models.Index(fields=["system", "-sequence"], name="ledger_system")],
            },
        ),
        migrations.CreateModel(
            name="MeasurementRecord",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("system", models.SlugField(db_index=False, max_length=63)),
                ("name", models.CharField(max_length=100)),
                ("subject", models.CharField(blank=True, max_length=300)),
                ("at", models.DateTimeField()),
                ("value", models.FloatField()),
                ("run_id", models.BigIntegerField()),
            ],
            options={
                "indexes": [models.Index(fields=["system", "name", "subject", "at"], name="measurement_series")],
            },
        ),
        migrations.CreateModel(
            name="Run",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("system", models.SlugField(db_index=False, max_length=63)),
                ("task", models.CharField(max_length=100)),
                ("spec_version", models.PositiveIntegerField()),
                ("options", models.JSONField(default=dict)),
                ("requested_by", models.CharField(max_length=150)),
                (
                    "occasion",
                    models.CharField(help_text="Why it was started: a person, or the programme", max_length=100),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("running", "Running"),
                            ("waiting", "Waiting for approval"),
                            ("ended", "Ended"),
                        ],
                        default="queued",
                        max_length=10,
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("ok", "Ok"),
                            ("nothing_to_do", "Nothing_to_do"),
                            ("refused", "Refused"),
                            ("failed", "Failed"),
                            ("errored", "Errored"),
                            ("undone", "Undone"),
                            ("undo_failed", "Undo_failed"),
                            ("unknown", "Unknown"),
                        ],
                        max_length=15,
                    ),
                ),
                ("says", models.TextField(blank=True, help_text="The outcome in one sentence")),
                ("requested_at", models.DateTimeField()),
                (
                    "dispatched_at",
                    models.DateTimeField(help_text="When a worker put it into its queue", null=True),
                ),
                ("started_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("facts_before", models.JSONField(null=True)),
                ("facts_after", models.JSONField(null=True)),
                ("facts_digest", models.CharField(blank=True, max_length=64)),
                ("plan_digest", models.CharField(blank=True, max_length=64)),
            ],
            options={
                "ordering": ("-id",),
                "indexes": [
                    models.Index(fields=["system", "-id"], name="run_system"),
                    models.Index(fields=["system", "task", "-id"], name="run_system_task"),
                    models.Index(
                        condition=models.Q(("state", "ended"), _negated=True), fields=["id"], name="run_open"
                    ),
                    models.Index(fields=["-ended_at"], name="run_ended_at"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Silence",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("system", models.SlugField(max_length=63)),
                ("code", models.CharField(max_length=120)),
                (
                    "subject",
                    models.CharField(blank=True, help_text="Empty: every subject of this code", max_length=500),
                ),
                ("reason", models.TextField()),
                ("until", models.DateTimeField()),
                ("made_by", models.CharField(max_length=150)),
                ("made_at", models.DateTimeField()),
            ],
            options={
                "ordering": ("-until",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="a_silence_has_a_reason"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("until__gt", models.F("made_at"))), name="a_silence_ends"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FindingRecord",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("system", models.SlugField(db_index=False, max_length=63)),
                ("task", models.CharField(max_length=100)),
                ("code", models.CharField(max_length=120)),
                ("subject", models.CharField(blank=True, max_length=500)),
                (
                    "level",
                    models.PositiveSmallIntegerField(
                        choices=[(0, "Ok"), (1, "Info"), (2, "Warning"), (3, "Error"), (4, "Unknown")]
                    ),
                ),
                ("says", models.TextField()),
                ("hint", models.TextField(blank=True)),
                ("data", models.JSONField(default=dict)),
                ("first_seen", models.DateTimeField()),
                ("last_seen", models.DateTimeField()),
                ("times_seen", models.PositiveIntegerField(default=1)),
                ("resolved_at", models.DateTimeField(blank=True, null=True)),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="findings", to="records.run"
                    ),
                ),
            ],
            options={
                "ordering": ("-level", "-last_seen"),
                "indexes": [models.Index(fields=["system", "-last_seen"], name="finding_system")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("resolved_at__isnull", True)),
                        fields=("system", "code", "subject"),
                        name="one_open_life_per_finding",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="EvidenceRecord",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("system", models.SlugField(db_index=False, max_length=63)),
                ("kind", models.CharField(max_length=50)),
                ("key", models.CharField(max_length=200)),
                ("holds", models.BooleanField()),
                ("says", models.TextField()),
                ("data", models.JSONField(default=dict)),
                ("at", models.DateTimeField()),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="evidence", to="records.run"
                    ),
                ),
            ],
            options={
                "ordering": ("-at",),
                "indexes": [models.Index(fields=["system", "kind", "-at"], name="evidence_newest")],
                "constraints": [
                    models.UniqueConstraint(fields=("run", "kind", "key"), name="one_evidence_per_run_and_key")
                ],
            },
        ),
        migrations.CreateModel(
            name="StepRecord",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("position", models.PositiveIntegerField()),
                ("key", models.CharField(max_length=300)),
                ("says", models.TextField()),
                ("action", models.JSONField()),
                ("inverse", models.JSONField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("planned", "Planned"),
                            ("started", "Started"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("undone", "Taken back"),
                            ("undo_failed", "Could not be taken back"),
                        ],
                        default="planned",
                        max_length=12,
                    ),
                ),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("started_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("result", models.JSONField(null=True)),
                ("error", models.TextField(blank=True)),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="steps", to="records.run"
                    ),
                ),
            ],
            options={
                "ordering": ("position",),
                "constraints": [models.UniqueConstraint(fields=("run", "key"), name="one_step_per_key")],
            },
        ),
    ]
