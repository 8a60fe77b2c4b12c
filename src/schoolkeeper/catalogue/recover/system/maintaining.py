"""Closing the ERP to its users, by the product's own command, and opening it again."""

from pathlib import Path

from schoolkeeper.connectors.act import Act
from schoolkeeper.connectors.files.component import FilesComponent
from schoolkeeper.connectors.files.swapping import FolderTarget
from schoolkeeper.connectors.look import Look
from schoolkeeper.connectors.product_command import program_of, run
from schoolkeeper.connectors.system import System
from schoolkeeper.connectors.web.look import Page
from schoolkeeper.kernel.errors import Unreachable
from schoolkeeper.profiles.model import Command, Profile

CODE = "code"


def can_close(system: System, profile: Profile, folders: list[FolderTarget]) -> bool:
    """Whether there is a command, its program, and an ERP: where a folder is gone, nobody is there to be kept out,
    and many commands would make a new one with new keys."""
    command = profile.commands.maintenance_on
    if command is None or program_of(command, _code(system)) is None:
        return False
    return bool(folders) and not any(folder.is_empty for folder in folders)


def is_closed(look: Look) -> bool:
    """Whether the ERP's pages say that it is in maintenance already."""
    wanted = look.profile.web.maintenance
    if wanted is None or not look.has("web"):
        return False
    try:
        answer = look.web().get("/", look.profile.web.headers)
    except Unreachable:
        return False
    return isinstance(answer, Page) and not answer.fault(wanted)


def close(act: Act) -> str:
    """Switch maintenance mode on; why that failed, "" when it did not."""
    return _run(act, act.look.profile.commands.maintenance_on)


def open_again(act: Act) -> str:
    """Switch maintenance mode off; a set may have been taken while it was on."""
    return _run(act, act.look.profile.commands.maintenance_off)


def _run(act: Act, command: Command | None) -> str:
    if command is None:
        return ""
    return run(command, act.look.profile, _code(act.system), _own(act.system, act.look.profile))


def _code(system: System) -> Path | None:
    return _folder(system, CODE)


def _own(system: System, profile: Profile) -> Path | None:
    """A folder that the ERP itself writes to, whose owner is therefore its account."""
    names = [*(one.component for one in profile.uploads), *profile.backup.files]
    return next((path for name in names if (path := _folder(system, name)) is not None), None)


def _folder(system: System, name: str) -> Path | None:
    found = system.components.get(name)
    return found.path if isinstance(found, FilesComponent) and found.path.is_dir() else None
