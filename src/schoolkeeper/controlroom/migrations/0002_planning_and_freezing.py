from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("controlroom", "0001_initial")]
    operations = [
        migrations.AlterModelOptions(
            name="room",
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
                    ("plan", "Change the programme, plan windows, ask for overrides"),
                    ("freeze", "Declare and lift freezes, grant overrides"),
                ),
            },
        ),
    ]
