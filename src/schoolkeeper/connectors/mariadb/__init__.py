"""Reaching a MariaDB or MySQL database."""
