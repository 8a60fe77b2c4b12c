from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from smart_erp import configuration, environment, home
from smart_erp.environment import ConfigurationError
from tests.smart_erp.conftest import MakeErp
from tests.smart_erp.erp import COMMAND

URL = "postgresql://ada:p%40ss%3Aword%2F@db.example:5433/erp?sslmode=require"


def test_a_hostile_password_survives(tmp_path: Path) -> None:
    found = environment.read({"SMART_ERP_DATABASE_URL": URL, "SMART_ERP_HOME": str(tmp_path)})
    assert found.database == {
        "host": "db.example",
        "port": "5433",
        "dbname": "erp",
        "user": "ada",
        "password": "p@ss:word/",
        "sslmode": "require",
    }
    assert (found.release.version, found.host, found.port) == ("1.1", "127.0.0.1", 8100)


def test_all_faults_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        environment.read({"SMART_ERP_RELEASE": "2.0", "SMART_ERP_PORT": "70000", "SMART_ERP_HOME": "here"})
    assert len(caught.value.faults) == 4


@pytest.mark.parametrize("url", ["mysql://a/b", "postgresql://u:secret@h:x y/db", "postgresql://u:secret@h", ""])
def test_bad_urls_are_refused_without_telling_the_password(url: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        environment.read({"SMART_ERP_DATABASE_URL": url, "SMART_ERP_HOME": str(tmp_path)})
    assert "secret" not in str(caught.value)


def test_the_command_line_lists_the_faults_and_exits_2() -> None:
    bare = {key: value for key, value in os.environ.items() if not key.startswith("SMART_ERP_")}
    done = subprocess.run([*COMMAND, "serve"], env=bare, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert "SMART_ERP_DATABASE_URL is not set" in done.stderr
    assert "SMART_ERP_HOME is not set" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bad_configuration_file_is_named_with_all_its_faults(make_erp: MakeErp) -> None:
    erp = make_erp()
    erp.run("maintenance", "status")
    file = erp.home / "config" / "smart_erp.toml"
    file.write_text('school_name = ""\ntimezone = "Mars/North"\ncolour = "red"\nhosts = [1]\n', encoding="utf-8")
    for command in ("serve", "migrate", "fill"):
        output = erp.run(command, expect=2)
        for fault in ("'school_name'", "'Mars/North'", "'colour'", "'hosts'", "'mail_from' is missing"):
            assert fault in output
    file.write_text("= nothing", encoding="utf-8")
    assert str(file) in erp.run("serve", expect=2)


def test_the_default_configuration_is_valid(tmp_path: Path) -> None:
    home.prepare(environment.read({"SMART_ERP_DATABASE_URL": URL, "SMART_ERP_HOME": str(tmp_path)}))
    assert configuration.load(tmp_path).school_name == "North College"
    assert (tmp_path / "config" / "secret_key").stat().st_mode & 0o777 == 0o600


def test_secrets_are_made_once(tmp_path: Path) -> None:
    path = tmp_path / "key"
    assert home.read_or_create_secret(path, "first") == "first"
    assert home.read_or_create_secret(path, "second") == "first"


def test_the_program_imports_nothing_of_its_keeper() -> None:
    code = "import smart_erp.cli, sys; assert not any(name.startswith('schoolkeeper') for name in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
    package = Path(environment.__file__).parent
    assert not [path for path in package.rglob("*.py") if "import schoolkeeper" in path.read_text()]


def test_no_migration_is_missing(tmp_path: Path) -> None:
    django_admin = [sys.executable, "-m", "django", "makemigrations", "--check", "--dry-run"]
    variables = os.environ | {"DJANGO_SETTINGS_MODULE": "smart_erp.settings_static"}
    done = subprocess.run(django_admin, env=variables, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
