"""No password gets into a message, however badly an address is written."""

import traceback
from pathlib import Path

import pytest
from pydantic import ValidationError

from schoolkeeper.connectors.postgres.component import PostgresComponent
from schoolkeeper.connectors.postgres.look import PostgresLook
from schoolkeeper.connectors.postgres.session import connect
from schoolkeeper.connectors.postgres.tools import address
from schoolkeeper.connectors.secrets import resolve
from schoolkeeper.connectors.web.component import WebComponent
from schoolkeeper.estate.definition import parse
from schoolkeeper.kernel.errors import Invalid, Permanent, SchoolkeeperError, Unreachable
from schoolkeeper.testing.arrange import secret_file

SECRET = "S3CRET"
MALFORMED = [
    f"postgresql://erp:{SECRET}%zz@db.invalid/erp",
    f"postgresql://erp:{SECRET}/2@127.0.0.1/erp",
    f"postgresql://erp:12/{SECRET}@127.0.0.1:1/erp",
    f"postgresql://erp:p@{SECRET}@127.0.0.1:1/erp",
    f"postgresql://erp:[{SECRET}@[127.0.0.1/erp",
    f"postgresql://erp:{SECRET[:3]} {SECRET}@127.0.0.1:1/erp",
    f"postgres//erp:{SECRET}@db.invalid/erp",
    f"mysql://erp:{SECRET}@db.invalid/erp",
    f"postgresql:///erp?pasword={SECRET}",
    f"host=127.0.0.1 port=1 password=a {SECRET}",
    f"host=127.0.0.1 password='{SECRET}",
]


def everything_said(error: BaseException) -> str:
    """As a log would show it: with causes, and causes of causes."""
    return "".join(traceback.format_exception(error))


@pytest.mark.parametrize("dsn", MALFORMED)
def test_a_malformed_address_is_not_quoted(dsn: str, tmp_path: Path) -> None:
    component = PostgresComponent(kind="postgres", dsn=secret_file(tmp_path, "dsn", dsn))
    with (
        PostgresLook("database", component) as look,
        pytest.raises(Unreachable, match="not well-formed") as caught,
    ):
        look.rows("SELECT 1")
    with pytest.raises(Permanent, match="not well-formed") as refused:
        address(dsn)
    assert SECRET not in everything_said(caught.value) + everything_said(refused.value)


@pytest.mark.parametrize(
    "dsn",
    [
        f"postgresql://erp:[{SECRET}@127.0.0.1:1/erp",
        f"postgresql://erp:{SECRET}#1@127.0.0.1:1/erp",
        f"postgresql://erp:{SECRET}@{SECRET}.invalid:1/erp",
        f"postgresql://erp:{SECRET}@127.0.0.1:1/erp?sslmode={SECRET}",
        f"host=127.0.0.1 port=1 user=erp password={SECRET}",
    ],
)
def test_a_server_that_does_not_answer_is_not_told_with_the_password(dsn: str) -> None:
    with pytest.raises(SchoolkeeperError) as caught:
        connect("database", dsn)
    assert SECRET not in everything_said(caught.value)


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://erp:a%40b%2Fc%20d@db:5432/erp?sslmode=disable",
        "postgres://db/erp",
        "postgresql://[::1]:5432,other:5433/erp",
        "postgresql://%2Fvar%2Frun/erp",
        "host=db password='a b@c/d'",
    ],
)
def test_a_well_formed_address_is_taken(dsn: str) -> None:
    public, environment = address(dsn)
    assert "password" not in public
    assert environment.get("PGPASSWORD") in (None, "a@b/c d", "a b@c/d")


@pytest.mark.parametrize("reference", [f"env:postgresql://erp:{SECRET}@h/db", f"env:{SECRET}!", f"{SECRET}"])
def test_a_value_in_the_place_of_a_reference_is_not_repeated(reference: str) -> None:
    text = f"""[system]
slug = "north"
name = "North"
profile = "smart-education-erp"
environment = "scratch"
[components.database]
kind = "postgres"
dsn = "{reference}"
[components.web]
kind = "web"
url = "http://admin:{SECRET}@erp.example/"
"""
    with pytest.raises(Invalid) as caught:
        parse(text)
    assert {fault.split(": ")[1] for fault in caught.value.faults} == {
        "components.database.dsn",
        "components.web.url",
    }
    assert SECRET not in str(caught.value)


def test_an_address_of_pages_carries_no_account() -> None:
    with pytest.raises(ValidationError, match="carries no account"):
        WebComponent.model_validate({"kind": "web", "url": "http://admin@erp.example/"})
    assert WebComponent.model_validate({"kind": "web", "url": "http://erp.example/"}).url.host == "erp.example"


def test_a_secret_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"S3\xffCRET")
    with pytest.raises(Unreachable, match="not UTF-8"):
        resolve(f"file:{tmp_path / 'key'}", "database")
