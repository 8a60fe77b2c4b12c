"""Which workers are there. Apart from `worker`, because asking must not load the durable engine."""

import os
import socket
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from schoolkeeper.engine.models import Worker

DEAD_AFTER = timedelta(seconds=10)


def beat(worker_id: str) -> None:
    """Say that this worker lives."""
    now = timezone.now()
    Worker.objects.update_or_create(
        pk=worker_id,
        defaults={"host": socket.gethostname(), "pid": os.getpid(), "heartbeat_at": now},
        create_defaults={
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "heartbeat_at": now,
            "started_at": now,
        },
    )


def alive() -> list[Worker]:
    """The workers that have said so lately."""
    return list(Worker.objects.exclude(_is_silent()).order_by("id"))


def silent() -> QuerySet[Worker]:
    """The workers that have not said so lately; one that holds its lock is only slow."""
    return Worker.objects.filter(_is_silent())


def _is_silent() -> Q:
    """A heartbeat that lies ahead was told before the clock was set back: it says nothing of now."""
    now = timezone.now()
    return Q(heartbeat_at__lte=now - DEAD_AFTER) | Q(heartbeat_at__gte=now + DEAD_AFTER)
