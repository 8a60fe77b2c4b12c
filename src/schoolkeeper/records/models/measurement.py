"""Measurements: numbers with time and subject."""

from django.db import models


class MeasurementRecord(models.Model):
    """One number at one time. Names end with their unit."""

    system = models.SlugField(max_length=63, db_index=False)
    name = models.CharField(max_length=100)
    subject = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()
    value = models.FloatField()
    run_id = models.BigIntegerField()

    class Meta:
        indexes = (models.Index(fields=["system", "name", "subject", "at"], name="measurement_series"),)

    def __str__(self) -> str:
        return f"{self.name}{f' ({self.subject})' if self.subject else ''} = {self.value:g}"


class LatestMeasurement(models.Model):
    """The newest number of each series, kept beside the history so that a page need not search for it."""

    system = models.SlugField(max_length=63, db_index=False)
    name = models.CharField(max_length=100)
    subject = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()
    value = models.FloatField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["system", "name", "subject"], name="one_latest_per_series"),
        )

    def __str__(self) -> str:
        return f"{self.name}{f' ({self.subject})' if self.subject else ''} = {self.value:g}"
