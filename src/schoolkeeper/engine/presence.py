"""Which workers are there. Apart from `worker`, because asking must not load the durable engine."""

import os
import socket
from datetime import timedelta

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
    return list(Worker.objects.filter(heartbeat_at__gt=timezone.now() - DEAD_AFTER).order_by("id"))
