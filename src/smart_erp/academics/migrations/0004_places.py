from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("academics", "0003_grading"),
    ]

    operations = [
        migrations.AddField(
            model_name="section",
            name="places",
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
    ]
