"""What can go wrong with a private MariaDB server.

ServerError
├── MariadbNotFound   no programs of that version, or newer, on this machine
└── NotStarted        the server could not be set up, or was not ready in time; carries its last log lines
"""


class ServerError(Exception):
    """A private MariaDB server cannot be had; the message says what to do."""


class MariadbNotFound(ServerError):
    """No fitting installation; the message says where we looked and which package to install."""


class NotStarted(ServerError):
    """The server did not come up."""
