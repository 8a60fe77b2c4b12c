from schoolkeeper.connectors.mariadb.address import parsed
from schoolkeeper.connectors.mariadb.snapshot import View, survey
from tests.connectors.mariadb.school import run


def contents(dsn: str, sessions: int = 1) -> dict[str, tuple[int, str]]:
    views = [View("database", parsed(dsn)) for _ in range(sessions)]
    found = survey(views, views[0].tables(history=False))
    for view in views:
        view.close()
    return {name: (content.rows, content.digest) for name, content in found.items()}


def test_the_order_of_rows_and_the_settings_of_the_server_do_not_matter(mariadb: str) -> None:
    columns = "(id INT, name VARCHAR(40), short CHAR(9), given TIMESTAMP, amount DECIMAL(9,2), ratio DOUBLE)"
    for name, order in (("up", "seq"), ("down", "-seq")):
        run(
            mariadb,
            f"CREATE TABLE {name} {columns}",
            f"INSERT INTO {name} SELECT seq, CONCAT('name ', seq), 'x', FROM_UNIXTIME(1e9 + seq), seq / 3,"
            f" seq / 7e0 FROM seq_1_to_500 ORDER BY {order}",
        )
    before = contents(mariadb)
    assert before["up"] == before["down"]
    assert before["up"][0] == 500
    run(mariadb, "SET GLOBAL time_zone = '+09:00'", "SET GLOBAL sql_mode = 'PAD_CHAR_TO_FULL_LENGTH,ANSI'")
    try:
        assert contents(mariadb, sessions=2) == before
    finally:
        run(mariadb, "SET GLOBAL time_zone = DEFAULT", "SET GLOBAL sql_mode = DEFAULT")


def test_equal_rows_do_not_cancel_each_other(mariadb: str) -> None:
    run(mariadb, "CREATE TABLE two (a INT)", "INSERT INTO two VALUES (5), (5)")
    run(mariadb, "CREATE TABLE other (a INT)", "INSERT INTO other VALUES (6), (6)", "CREATE TABLE none (a INT)")
    found = contents(mariadb)
    assert found["two"] != found["other"]
    assert found["none"] == (0, "0")


def test_values_cannot_be_mistaken_for_their_neighbours(mariadb: str) -> None:
    for number, values in enumerate(("'a,b', 'c'", "'a', 'b,c'", "'', NULL", "NULL, ''", "'-', ''", "NULL, '-'")):
        run(mariadb, f"CREATE TABLE t{number} (a TEXT, b VARCHAR(9))", f"INSERT INTO t{number} VALUES ({values})")
    assert len(set(contents(mariadb).values())) == 6


def test_bytes_count_and_not_the_letters_that_they_stand_for(mariadb: str) -> None:
    for name, charset in (("one", "latin1"), ("two", "utf8mb4")):
        run(mariadb, f"CREATE TABLE {name} (a VARCHAR(9)) CHARSET={charset}", f"INSERT INTO {name} VALUES ('é')")
        run(
            mariadb,
            f"CREATE TABLE long_{name} (a TEXT) CHARSET={charset}",
            f"INSERT INTO long_{name} VALUES ('é')",
        )
    assert len(set(contents(mariadb).values())) == 4
