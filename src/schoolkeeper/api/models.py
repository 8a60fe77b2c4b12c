"""Tokens with which programs sign in."""

from django.conf import settings
from django.db import models


class ApiToken(models.Model):
    """A token acts for its user, with the user's roles. Only its digest is kept: it is shown once."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100, help_text="What it is for")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.name


class CalendarFeed(models.Model):
    """A secret address with the programme of an institution or a person; only its token's digest is kept."""

    institution = models.CharField(max_length=200, blank=True)
    person = models.CharField(max_length=150, blank=True, help_text="What they own or stand in for")
    daily = models.BooleanField(default=True, help_text="Also tasks that are done every day")
    digest = models.CharField(max_length=64, unique=True)
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(institution="") ^ models.Q(person=""), name="a_feed_is_of_one_or_the_other"
            ),
        )

    def __str__(self) -> str:
        return self.institution or self.person
