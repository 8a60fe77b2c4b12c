from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Room",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
            ],
            options={
                "managed": False,
                "default_permissions": (),
                "permissions": (
                    ("see", "See systems, runs, findings, backups and the catalogue"),
                    ("run", "Run tasks"),
                    ("silence", "Silence findings"),
                    ("approve", "Approve or deny changes"),
                    ("clear_hold", "Clear a system that is on hold"),
                    ("audit", "Read, verify and export the ledger, and see the coverage"),
                ),
            },
        ),
    ]
