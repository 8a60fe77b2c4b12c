"""A silence says itself whether it covers every subject: the empty subject is one of its own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("records", "0002_ledger_is_append_only")]
    operations = [
        migrations.AddField(
            model_name="silence",
            name="every_subject",
            field=models.BooleanField(default=False, help_text="All of this code, whatever the subject"),
        ),
        # Until now an empty subject meant every subject, and people relied on it.
        migrations.RunSQL(
            "UPDATE records_silence SET every_subject = true WHERE subject = ''", migrations.RunSQL.noop
        ),
        migrations.AlterField(
            model_name="silence", name="subject", field=models.CharField(blank=True, max_length=500)
        ),
    ]
