"""Running a command that a profile declares, such as the one that switches maintenance mode."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from schoolkeeper.profiles.model import Command, Profile

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
TIMEOUT_SECONDS = 60


def program_of(command: Command, folder: Path | None) -> str | None:
    """Where the program of a command is: in the folder of the code, else on the search path; None: nowhere."""
    name = command.run[0]
    if folder is not None and "/" in name and os.access(folder / name, os.X_OK):
        return str(folder / name)
    return shutil.which(name, path=_search_path())


def run(command: Command, profile: Profile, folder: Path | None, account_of: Path | None) -> str:
    """Run it to its end, in the folder of the code; why it failed, "" when it did not.

    As root it runs as whoever owns `account_of`, so that what it writes belongs to the ERP. It sees those of our
    variables that the profile names as the product's own, and no other: ours hold secrets.
    """
    program = program_of(command, folder)
    if program is None:
        return f"there is no program {command.run[0]}"
    owner = account_of.stat() if account_of is not None and os.geteuid() == 0 else None
    try:
        done = subprocess.run(
            [program, *command.run[1:]],
            env=_environment(profile),
            cwd=folder or "/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
            user=owner.st_uid if owner else None,
            group=owner.st_gid if owner else None,
            extra_groups=[] if owner else None,
        )
    except subprocess.TimeoutExpired:
        return f"it did not end within {TIMEOUT_SECONDS} s"
    except OSError as error:
        return f"it cannot be run: {error.strerror}"
    said = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
    return "" if done.returncode == 0 else f"it ended with {done.returncode}: {said[-1] if said else ''}"


def _search_path() -> str:
    return os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""), PATH))


def _environment(profile: Profile) -> Mapping[str, str]:
    named = profile.rehearsal.environment if profile.rehearsal else {}
    theirs = {name: os.environ[name] for name in named if name in os.environ}
    return {"PATH": _search_path(), "LC_ALL": "C.UTF-8", "HOME": os.environ.get("HOME", "/"), **theirs}
