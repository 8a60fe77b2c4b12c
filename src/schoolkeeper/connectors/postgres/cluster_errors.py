"""What can go wrong with a private PostgreSQL server.

ClusterError
├── PostgresNotFound      no programs of that version on this machine
├── FolderNotReachable    the account that PostgreSQL runs as cannot enter a folder
├── NotStarted            the server ended or was not ready in time; carries its last log lines
└── PortTaken             a port that was asked for belongs to somebody else
"""


class ClusterError(Exception):
    """A private PostgreSQL server cannot be had; the message says what to do."""


class PostgresNotFound(ClusterError):
    """No installation of the wanted major version; the message lists where we looked."""


class FolderNotReachable(ClusterError):
    """A folder on the way is closed to the account that PostgreSQL runs as."""


class NotStarted(ClusterError):
    """The server did not come up."""


class PortTaken(ClusterError):
    """The port that was asked for is in use by another program."""
