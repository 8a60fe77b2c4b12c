import pytest

from schoolkeeper.connectors.mariadb.rights import granted


@pytest.mark.parametrize(
    ("statement", "database", "gives"),
    [
        ("GRANT SELECT, SHOW VIEW ON *.* TO `a`@`%`", "school", {"SELECT", "SHOW VIEW"}),
        ("GRANT ALL PRIVILEGES ON `school`.* TO `a`@`%` WITH GRANT OPTION", "school", {"ALL PRIVILEGES"}),
        ("GRANT SELECT ON `school`.* TO `a`@`%`", "other", set()),
        ("GRANT SELECT ON `my\\_school`.* TO `a`@`%`", "my_school", {"SELECT"}),
        ("GRANT SELECT ON `my\\_school`.* TO `a`@`%`", "my-school", set()),
        ("GRANT SELECT ON `school%`.* TO `a`@`%`", "school2", {"SELECT"}),
        ("GRANT SELECT ON `a``b.c`.* TO `a`@`%`", "a`b.c", {"SELECT"}),
        ("GRANT SELECT ON `school`.`student` TO `a`@`%`", "school", set()),
        ("GRANT USAGE ON *.* TO `a`@`%` IDENTIFIED BY PASSWORD '*AB'", "school", {"USAGE"}),
        ("GRANT `role` TO `a`@`%`", "school", set()),
    ],
)
def test_what_a_grant_gives(statement: str, database: str, gives: set[str]) -> None:
    assert granted([statement], database) == gives
