"""What everybody on this machine sees of its processes."""

import psutil


def on_a_command_line(secret: str) -> bool:
    """Whether a process on the machine was started with this word; choose one that no stranger's process has."""
    seen = (process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"]))
    return any(secret in word for words in seen for word in words)
