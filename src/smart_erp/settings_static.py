"""Settings for tools that read only the code (mypy, makemigrations --check): no database, a passing home."""

import atexit
import os
import tempfile

_folder = tempfile.TemporaryDirectory(prefix="smart-erp-static-")
atexit.register(_folder.cleanup)
os.environ["SMART_ERP_HOME"] = _folder.name
os.environ["SMART_ERP_DATABASE_URL"] = "postgresql://nobody@127.0.0.1:1/nothing"

from smart_erp import environment, home  # noqa: E402

home.prepare(environment.read())

from smart_erp.settings_schema import *  # noqa: E402, F403
