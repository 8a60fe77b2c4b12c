"""What belongs to the whole school: stored files, announcements, and the release that the schema is at."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Q
from django.utils import timezone


class Upload(models.Model):
    """A stored file: its path below `uploads/` and what its content must be."""

    path = models.CharField(max_length=255, unique=True)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField()
    content_type = models.CharField(max_length=100)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="uploads"
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "upload"
        constraints = [
            models.CheckConstraint(condition=Q(sha256__regex="^[0-9a-f]{64}$"), name="upload_sha256_hex"),
            models.CheckConstraint(condition=Q(size_bytes__gte=0), name="upload_size_not_negative"),
            models.CheckConstraint(condition=~Q(path__regex=r"(^/|\.\.)"), name="upload_path_stays_inside"),
        ]

    def __str__(self) -> str:
        return self.path

    @property
    def file_name(self) -> str:
        return self.path.rpartition("/")[2]


class Announcement(models.Model):
    """A message to everybody (no audience) or to the people of one role."""

    title = models.CharField(max_length=120)
    body = models.TextField()
    audience = models.ForeignKey(Group, on_delete=models.CASCADE, null=True, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)
    published_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "announcement"
        ordering = ["-published_at"]
        indexes = [models.Index(fields=["-published_at"], name="announcement_published")]

    def __str__(self) -> str:
        return self.title


class SchemaRelease(models.Model):
    """One row for each time `migrate` finished; the last one says what the schema is at."""

    version = models.CharField(max_length=10)
    installed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "release"

    def __str__(self) -> str:
        return self.version
