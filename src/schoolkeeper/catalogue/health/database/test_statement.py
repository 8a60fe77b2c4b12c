import pytest
from hypothesis import given
from hypothesis import strategies as st

from schoolkeeper.catalogue.health.database.statement import LIMIT_CHARACTERS, shape_of


@pytest.mark.parametrize(
    ("statement", "shape"),
    [
        ("SELECT * FROM person WHERE id = 42", "SELECT * FROM person WHERE id = ?"),
        ("SELECT 'O''Neill', \"Name 7\"", 'SELECT ?, "Name 7"'),
        ("SELECT E'it\\'s Ada', U&'d\\0061t', B'101'", "SELECT ?, U&?, B?"),
        ("SELECT $$Ada$$, $tag$ it's $$ $tag$, $1", "SELECT ?, ?, $1"),
        ("/* Ada */ SELECT 1 -- Ada", "SELECT ?"),
        ("SELECT 1 /* a /* b */ Ada's */", "SELECT ?"),
        ("UPDATE t1 SET x_2 = -1.5e3, y = .5, z = 0xFF", "UPDATE t1 SET x_2 = -?, y = ?, z = ?"),
        ("SELECT 'C:\\', 'Ada'", "SELECT ?"),
        ("SELECT name FROM person WHERE name = 'Ada Love", "SELECT name FROM person WHERE name = ?"),
        ("SELECT $q$Ada Love", "SELECT ?"),
        ("SELECT E'Ada\\", "SELECT ?"),
        ("SELECT\n\t  a\n  FROM b", "SELECT a FROM b"),
        ("<insufficient privilege>", "<insufficient privilege>"),
        ("", ""),
    ],
)
def test_values_are_hidden(statement: str, shape: str) -> None:
    assert shape_of(statement) == shape


def test_a_long_shape_is_cut_after_its_values_are_gone() -> None:
    shape = shape_of("SELECT " + ", ".join(f"column_{n}" for n in range(99)) + " WHERE name = 'Ada'")
    assert len(shape) == LIMIT_CHARACTERS
    assert shape.endswith("…")


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00")), st.integers(0, 80))
def test_no_value_shows_wherever_the_server_cut_the_statement(value: str, cut: int) -> None:
    quoted = "§" + value.replace("\\", "").replace("'", "''") + "§"
    statement = f"SELECT 1 FROM person WHERE name = '{quoted}' AND note = '{quoted}'"
    assert "§" not in shape_of(statement)
    assert "§" not in shape_of(statement[: len(statement) - cut])
