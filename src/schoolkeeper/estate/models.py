"""The systems in our care."""

from __future__ import annotations

from django.db import models

from schoolkeeper.connectors.system import System


class SystemRecord(models.Model):
    """One deployment of an ERP, as its definition file says. Secrets are references here too, never values."""

    slug = models.SlugField(primary_key=True, max_length=63)
    name = models.CharField(max_length=200)
    institution = models.CharField(max_length=200, blank=True)
    profile = models.CharField(max_length=100)
    environment = models.CharField(max_length=20)
    timezone = models.CharField(max_length=64)
    definition = models.JSONField()
    applied_at = models.DateTimeField()
    applied_by = models.CharField(max_length=150)

    class Meta:
        ordering = ("name",)
        verbose_name = "system"

    def __str__(self) -> str:
        return self.name

    def system(self) -> System:
        """The definition in the form that the connectors understand."""
        return System.model_validate(self.definition)

    @property
    def hosts(self) -> frozenset[str]:
        """The machines that it runs on, without building the whole definition."""
        parts = self.definition.get("components", {}).values()
        return frozenset(part.get("address", "local") for part in parts if part.get("kind") == "host")
