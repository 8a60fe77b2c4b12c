import psycopg
import pytest

from schoolkeeper.connectors.databases.contents import SequencePosition, TableContent
from schoolkeeper.connectors.postgres.snapshot import snapshot
from schoolkeeper.connectors.postgres.survey import survey

EVERYTHING = """
CREATE TABLE {name} (
    id bigint, small smallint, code text, short varchar(9), fixed char(4), amount numeric(8,2),
    free numeric, ratio float8,
    flag boolean, day date, hour time, moment timestamp, at timestamptz, span interval,
    doc json, docb jsonb,
    many int[], raw bytea, key uuid, place inet, price money, bits bit(3), shape point, search tsvector,
    gap int4range
)
"""
ROW = """
INSERT INTO {name} SELECT g, g, 'code ' || g, 'v' || g, 'f', g / 4.0, g * 1.10, g / 3.0, g % 2 = 0,
    date '2026-01-01' + g, time '08:00' + g * interval '1 minute', timestamp '2026-01-01' + g * interval '1 hour',
    timestamptz '2026-01-01 00:00Z' + g * interval '1 hour', g * interval '1 day', '{"a": 1}', '{"a": 1.10}',
    ARRAY[g, 2],
    decode(lpad(g::text, 4, '0'), 'hex'), md5(g::text)::uuid, '10.0.0.1', g, '101', point(g, 1), 
    to_tsvector('simple', 'a b'), int4range(g, g + 5)
"""


def contents(dsn: str) -> dict[str, TableContent]:
    with snapshot("database", dsn) as view:
        return survey(view, dsn, 2)


def fill(dsn: str, *statements: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def test_the_order_of_rows_and_the_settings_of_a_session_do_not_matter(database: str) -> None:
    for name, order in (("up", "g"), ("down", "-g")):
        series = f"FROM (SELECT * FROM generate_series(1, 500) AS g ORDER BY {order}) AS s"
        fill(database, EVERYTHING.format(name=name), ROW.replace("{name}", name) + series)
    name = database.rpartition("/")[2]
    before = contents(database)
    assert before["public.up"] == before["public.down"]
    assert before["public.up"].rows == 500
    fill(
        database,
        f"ALTER DATABASE {name} SET DateStyle = 'German'",
        f"ALTER DATABASE {name} SET TimeZone = 'Asia/Tashkent'",
        f"ALTER DATABASE {name} SET IntervalStyle = 'iso_8601'",
        f"ALTER DATABASE {name} SET extra_float_digits = -5",
        f"ALTER DATABASE {name} SET bytea_output = 'escape'",
    )
    assert contents(database) == before


CHANGES = {
    "a whole number": "SET id = id + 4294967296 WHERE id = 7",
    "a bit of a number": "SET id = id # (1::bigint << 40) WHERE id = 7",
    "a small number": "SET small = -small WHERE id = 7",
    "a letter": "SET code = 'Code 7' WHERE id = 7",
    "a trailing space": "SET code = code || ' ' WHERE id = 7",
    "another form of a letter": "SET short = U&'u\\0308' WHERE id = 7",
    "an amount": "SET amount = amount + 0.01 WHERE id = 7",
    "the scale of a number": "SET free = 7.700 WHERE id = 7",
    "the last digit of a float": "SET ratio = 2.3333333333333339 WHERE id = 7",
    "minus zero": "SET ratio = '-0' WHERE id = 100",
    "a flag": "SET flag = NOT flag WHERE id = 7",
    "a day": "SET day = day + 1 WHERE id = 7",
    "a microsecond": "SET at = at + interval '1 microsecond' WHERE id = 7",
    "a moment": "SET moment = moment - interval '1 second' WHERE id = 7",
    "an interval of equal length": "SET span = interval '168 hours' WHERE id = 7",
    "white space in JSON": "SET doc = '{\"a\":1}' WHERE id = 7",
    "the scale in JSON": "SET docb = '{\"a\": 1.1}' WHERE id = 7",
    "an element": "SET many[2] = 3 WHERE id = 7",
    "a byte": "SET raw = '\\x0008' WHERE id = 7",
    "an address": "SET place = '10.0.0.1/8' WHERE id = 7",
    "NULL": "SET code = NULL WHERE id = 7",
    "empty instead of something": "SET code = '' WHERE id = 7",
    "a value moved to another column": "SET code = short, short = 'code 7' WHERE id = 7",
    "values of two rows exchanged": "SET code = CASE id WHEN 7 THEN 'code 8' ELSE 'code 7' END WHERE id IN (7, 8)",
    "flags of two rows exchanged": "SET flag = NOT flag WHERE id IN (7, 8)",
    "days of two rows exchanged": "SET day = date '2026-01-01' + 15 - id::int WHERE id IN (7, 8)",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_every_change_is_noticed(database: str, change: str) -> None:
    fill(database, EVERYTHING.format(name="t"), ROW.replace("{name}", "t") + "FROM generate_series(0, 100) AS g")
    fill(database, "UPDATE t SET ratio = 0 WHERE id = 100")
    before = contents(database)
    fill(database, f"UPDATE t {change}")
    after = contents(database)
    assert after["public.t"].rows == before["public.t"].rows
    assert after != before


def test_equal_rows_do_not_cancel_each_other(database: str) -> None:
    fill(database, "CREATE TABLE two (a int)", "INSERT INTO two VALUES (5), (5)")
    fill(database, "CREATE TABLE other (a int)", "INSERT INTO other VALUES (6), (6)")
    found = contents(database)
    assert found["public.two"] != found["public.other"]
    assert found["public.two"].digest != "0"


def test_dropped_added_and_generated_columns_count_as_they_are_now(database: str) -> None:
    fill(
        database,
        "CREATE TABLE grown (gone int, a int)",
        "INSERT INTO grown SELECT 1, g FROM generate_series(1, 9) AS g",
        "ALTER TABLE grown DROP COLUMN gone",
        "ALTER TABLE grown ADD COLUMN later text DEFAULT 'x'",
        "CREATE TABLE made (a int, later text)",
        "INSERT INTO made SELECT g, 'x' FROM generate_series(1, 9) AS g",
        "CREATE TABLE nothing ()",
    )
    found = contents(database)
    assert found["public.grown"] == found["public.made"]
    assert found["public.nothing"] == TableContent(rows=0, digest="0")


def test_enums_are_compared_by_their_labels(database: str) -> None:
    """Their numbers are others after a restore."""
    for name in ("one", "two"):
        fill(database, f"CREATE TYPE e_{name} AS ENUM ('a', 'b')", f"CREATE TABLE t_{name} (e e_{name})")
        fill(database, f"INSERT INTO t_{name} VALUES ('a'), ('b')")
    found = contents(database)
    assert found["public.t_one"] == found["public.t_two"]


def test_all_is_seen_as_of_one_moment(database: str) -> None:
    fill(database, "CREATE TABLE t AS SELECT 1 AS a")
    with snapshot("database", database) as view:
        before = survey(view, database, 1)
        fill(database, "INSERT INTO t VALUES (2)")
        assert survey(view, database, 2) == before


@pytest.mark.parametrize(
    ("earliest", "latest", "found", "fits"),
    [
        (5, 9, 5, True),
        (5, 9, 9, True),
        (5, 9, 4, False),
        (5, 9, 10, False),
        (9, 5, 7, True),
        (None, None, None, True),
        (None, 3, None, True),
        (None, 3, 3, True),
        (None, 3, 2, True),
        (None, 3, 4, False),
        (None, None, 1, False),
        (5, 5, None, False),
    ],
)
def test_a_sequence_may_stand_anywhere_between(
    earliest: int | None, latest: int | None, found: int | None, fits: bool
) -> None:
    assert SequencePosition(earliest=earliest, latest=latest).admits(found) is fits
