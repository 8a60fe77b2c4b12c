"""System definitions: all faults at once, each with its place."""

from pathlib import Path

import pytest

from schoolkeeper.engine.care import take_into_care
from schoolkeeper.estate.care import find
from schoolkeeper.estate.definition import parse, read
from schoolkeeper.kernel.errors import Invalid
from schoolkeeper.records.models import LedgerEntry

GOOD = """
[system]
slug = "north-college"
name = "North College ERP"
profile = "smart-education-erp"
environment = "production"
timezone = "Asia/Tashkent"
rpo = "24h"

[components.database]
kind = "postgres"
dsn = "env:NORTH_DSN"

[components.web]
kind = "web"
url = "http://127.0.0.1:8100"
"""

BAD = """
[system]
slug = "North College"
profile = "no-such-erp"
environment = "prodcution"
timezone = "Tashkent"
rpo = "soon"
colour = "blue"

[components.database]
kind = "postgres"
dsn = "postgresql://keeper:secret@127.0.0.1/erp"

[components.web]
kind = "website"

[components.uploads]
kind = "files"
path = "srv/uploads"

[components.backups]
kind = "store"
path = "/backups"
recipients = ["age1xxx"]

[components.nameless]
path = "/srv"

[component.host]
kind = "host"
"""


def test_all_faults_are_listed_with_their_place() -> None:
    with pytest.raises(Invalid) as caught:
        parse(BAD, "bad.toml")
    places = sorted(fault.split(": ")[:2] for fault in caught.value.faults)
    assert places == sorted(
        [
            ["bad.toml:3", "system.slug"],
            ["bad.toml:2", "system.name"],
            ["bad.toml:4", "system.profile"],
            ["bad.toml:5", "system.environment"],
            ["bad.toml:6", "system.timezone"],
            ["bad.toml:7", "system.rpo"],
            ["bad.toml:8", "system.colour"],
            ["bad.toml:12", "components.database.dsn"],
            ["bad.toml:14", "components.web"],
            ["bad.toml:19", "components.uploads.path"],
            ["bad.toml:24", "components.backups.recipients.0"],
            ["bad.toml:26", "components.nameless"],
            ["bad.toml:29", "component"],
        ]
    )
    assert "secret" not in str(caught.value).replace("a secret is a reference", "")


STORES = """
[components.uploads]
kind = "files"
path = "/srv/erp/uploads"

[components.backups]
kind = "store"
path = "{first}"
recipients = ["age1jpg29dyvcwa7wujurhc8s74rnhwk9gx3ap7myngv4m79gac9vg5qh7g8v9"]

[components.far]
kind = "store"
{second}
recipients = ["age1jpg29dyvcwa7wujurhc8s74rnhwk9gx3ap7myngv4m79gac9vg5qh7g8v9"]

[components.farther]
kind = "store"
url = "s3://school/erp"
endpoint = "https://s3.example"
access_key = "env:A"
secret_key = "env:B"
recipients = ["age1jpg29dyvcwa7wujurhc8s74rnhwk9gx3ap7myngv4m79gac9vg5qh7g8v9"]
"""
SAME_BUCKET = """url = "s3://school/erp"
endpoint = "https://s3.example"
access_key = "env:C"
secret_key = "env:D"
"""


@pytest.mark.parametrize(
    ("first", "second", "place"),
    [
        ("/backup", 'path = "/backup/"', "components.far.path: the store backups lies in the same folder"),
        ("/backup", 'path = "/backup/far"', "components.far.path: the store backups lies in the same folder"),
        ("/backup", SAME_BUCKET, "components.farther.url: is the same place as the store far"),
        ("/srv/erp/uploads/backup", 'path = "/far"', "components.backups.path: it and the folder uploads"),
        ("/srv", 'path = "/far"', "components.backups.path: it and the folder uploads"),
        ("/srv/erp/../erp/uploads", 'path = "/far"', "components.backups.path: it and the folder uploads"),
    ],
)
def test_a_store_lies_apart_from_other_stores_and_from_what_it_saves(first: str, second: str, place: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse(GOOD + STORES.format(first=first, second=second))
    assert [place in fault for fault in caught.value.faults] == [True], caught.value.faults


def test_stores_beside_each_other_are_well() -> None:
    parse(GOOD + STORES.format(first="/backup", second='path = "/backup-far"'))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "begin the file with [system]"),
        ("[system", "not TOML"),
        ("system = 3", "begin the file with [system]"),
        ("components = 3\n[system]\nslug = 'a'", "components"),
    ],
)
def test_broken_files(text: str, says: str) -> None:
    with pytest.raises(Invalid, match="fault") as caught:
        parse(text)
    assert says in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="cannot be read"):
        read(tmp_path / "absent.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(Invalid, match="not UTF-8"):
        read(tmp_path / "binary.toml")


@pytest.mark.django_db
def test_applying_says_what_changes_and_is_idempotent() -> None:
    first = take_into_care(parse(GOOD), by="keeper")
    assert "+ components.database.dsn = 'env:NORTH_DSN'" in map(str, first)
    assert take_into_care(parse(GOOD), by="keeper") == ()
    changed = parse(GOOD.replace("8100", "8200").replace('rpo = "24h"\n', ""))
    assert [str(change) for change in take_into_care(changed, by="keeper")] == [
        "~ components.web.url = 'http://127.0.0.1:8200/' (was 'http://127.0.0.1:8100/')"
    ]
    assert find("north-college") == changed
    assert list(LedgerEntry.objects.values_list("kind", flat=True)) == ["system.applied"] * 2


@pytest.mark.django_db
def test_an_unknown_system_names_the_known_ones() -> None:
    take_into_care(parse(GOOD), by="keeper")
    with pytest.raises(Invalid, match="known are: north-college"):
        find("south-college")
