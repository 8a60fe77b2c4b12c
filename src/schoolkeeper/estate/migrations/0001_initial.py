from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="SystemRecord",
            fields=[
                ("slug", models.SlugField(max_length=63, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=200)),
                ("institution", models.CharField(blank=True, max_length=200)),
                ("profile", models.CharField(max_length=100)),
                ("environment", models.CharField(max_length=20)),
                ("timezone", models.CharField(max_length=64)),
                ("definition", models.JSONField()),
                ("applied_at", models.DateTimeField()),
                ("applied_by", models.CharField(max_length=150)),
            ],
            options={
                "verbose_name": "system",
                "ordering": ("name",),
            },
        ),
    ]
