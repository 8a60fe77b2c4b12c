"""Names of objects: relative paths with "/" that mean the same in a folder, a bucket and over SFTP."""

import secrets

LEFTOVER = ".tmp"  # the end of the names that writing uses until an object is whole
PART_BYTES = 200  # a file's name has at most 255; writing adds to it
NAME_BYTES = 700  # an S3 key has at most 1024; the place's own prefix comes before it
FOREIGN = "lost+found"  # file systems put it into their topmost folder and let nobody in


def checked(name: str) -> str:
    """The name itself. Raises ValueError for one that leads outside of the place, or that not every place can
    keep as it is."""
    parts = name.split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise ValueError(f"{name!r} is no name of an object: a relative path without empty parts and dots is")
    if any(ord(character) < 32 or ord(character) == 127 for character in name):
        raise ValueError(f"{name!r} is no name of an object: it has control characters")
    if name.endswith(LEFTOVER):
        raise ValueError(f"{name!r} is no name of an object: {LEFTOVER} marks leftovers of writing")
    try:
        longest_bytes = max(len(part.encode()) for part in parts)
        name_bytes = len(name.encode())
    except UnicodeEncodeError:
        raise ValueError(f"{name!r} is no name of an object: it is no valid Unicode") from None
    if longest_bytes > PART_BYTES or name_bytes > NAME_BYTES:
        raise ValueError(f"{name[:40]!r}… is no name of an object: it is too long")
    return name


def is_name(name: str) -> bool:
    """Whether what a place holds under this name can be an object of ours."""
    try:
        checked(name)
    except ValueError:
        return False
    return True


def folder_of(prefix: str) -> str:
    """The deepest folder that all names with this prefix lie in; "" is the place itself. Raises ValueError."""
    folder, slash, _ = prefix.rpartition("/")
    return checked(folder) if slash else ""


def temporary(name: str) -> str:
    """A fresh name next to `name` to write under; several writers of one object do not meet in it."""
    return f"{name}.{secrets.token_hex(4)}{LEFTOVER}"
