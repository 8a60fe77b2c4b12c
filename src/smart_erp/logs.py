"""Format and place of the two log files, `access.log` and `app.log`."""

from __future__ import annotations

import logging
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

request_id: ContextVar[str] = ContextVar("request_id", default="-")


class ApplicationFormatter(logging.Formatter):
    """One line `time level logger [request id] message`; a traceback follows in lines of its own."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")

    def format(self, record: logging.LogRecord) -> str:
        record.request_id = request_id.get()
        return super().format(record)


def logging_settings(folder: Path) -> dict[str, Any]:
    """Django's LOGGING; the handlers notice when a log file was moved away and open a new one."""

    def handler(file_name: str, formatter: str) -> dict[str, Any]:
        return {
            "class": "logging.handlers.WatchedFileHandler",
            "filename": folder / file_name,
            "encoding": "utf-8",
            "delay": True,
            "formatter": formatter,
        }

    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "access": {"format": "%(message)s"},
            "app": {"()": "smart_erp.logs.ApplicationFormatter"},
        },
        "handlers": {"access": handler("access.log", "access"), "app": handler("app.log", "app")},
        "loggers": {
            "smart_erp.access": {"handlers": ["access"], "level": "INFO", "propagate": False},
            "smart_erp": {"handlers": ["app"], "level": "INFO", "propagate": False},
            "django": {"handlers": ["app"], "level": "WARNING", "propagate": False},
            "py.warnings": {"handlers": ["app"], "level": "WARNING"},
        },
    }
