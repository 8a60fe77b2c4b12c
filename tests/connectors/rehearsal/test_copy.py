"""The restored copy is asked and changed alike, whichever product it is; so is the account made on it."""

import pytest
from django.conf import settings
from django.contrib.auth.hashers import check_password

from schoolkeeper.connectors.databases.protocol import QueryFailed
from schoolkeeper.connectors.rehearsal.account import hashed
from schoolkeeper.connectors.rehearsal.restored import Copy


@pytest.fixture(params=["database", "mariadb"])
def copy(request: pytest.FixtureRequest) -> Copy:
    return Copy(request.getfixturevalue(request.param))


def test_it_is_asked_and_changed(copy: Copy) -> None:
    copy.run(["CREATE TABLE person (name varchar(20))", "INSERT INTO person VALUES ('100%%')"])
    assert copy.rows("SELECT name FROM person WHERE name LIKE '%%0%%'") == [{"name": "100%"}]


def test_all_statements_or_none(copy: Copy) -> None:
    copy.run(["CREATE TABLE person (name varchar(20))"])
    with pytest.raises(QueryFailed):
        copy.run(["INSERT INTO person VALUES ('Ada')", "INSERT INTO nobody VALUES (1)"])
    assert copy.rows("SELECT name FROM person") == []


def test_an_error_quotes_nothing(copy: Copy) -> None:
    with pytest.raises(QueryFailed) as failed:
        copy.rows("SELECT * FROM ada_lovelace")
    assert "ada" not in str(failed.value)


def test_its_address_in_parts() -> None:
    copy = Copy("mysql://erp:a%2Fb@127.0.0.1/school")
    assert copy.port == 3306
    assert copy.places == {
        "database": "mysql://erp:a%2Fb@127.0.0.1/school",
        "database_host": "127.0.0.1",
        "database_port": "3306",
        "database_name": "school",
        "database_user": "erp",
        "database_password": "a/b",
    }


def test_django_knows_the_password() -> None:
    assert "django.contrib.auth" in settings.INSTALLED_APPS
    assert check_password("correct horse", hashed("django", "correct horse"))
    assert not check_password("wrong horse", hashed("django", "correct horse"))


def test_the_other_ways_to_keep_a_password() -> None:
    empty, name, rounds, salt, digest = hashed("passlib", "correct horse").split("$")
    assert (empty, name, rounds) == ("", "pbkdf2-sha512", "1000")
    assert len(digest) == 86  # 64 bytes
    assert set(salt + digest).isdisjoint("+=")
    assert hashed("none", "correct horse") == ""
