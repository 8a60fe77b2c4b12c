"""No tables: only the permissions that the roles are made of."""

from django.db import models


class Room(models.Model):
    """The control room as the thing that permissions are about."""

    class Meta:
        managed = False
        default_permissions = ()
        permissions = (
            ("see", "See systems, runs, findings, backups and the catalogue"),
            ("run", "Run tasks"),
            ("silence", "Silence findings"),
            ("approve", "Approve or deny changes"),
            ("clear_hold", "Clear a system that is on hold"),
            ("audit", "Read, verify and export the ledger, and see the coverage"),
            ("plan", "Change the programme, plan windows, ask for overrides"),
            ("freeze", "Declare and lift freezes, grant overrides"),
        )
