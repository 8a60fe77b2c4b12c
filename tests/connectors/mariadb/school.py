"""A small school as MariaDB really has it: mixed engines and encodings, code in the database, odd values."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from schoolkeeper.connectors.databases.contents import DatabaseContents
from schoolkeeper.connectors.mariadb.component import MariadbComponent
from schoolkeeper.connectors.mariadb.look import MariadbLook
from schoolkeeper.connectors.mariadb.scratch import MariaScratch
from schoolkeeper.connectors.mariadb.session import connect, query
from schoolkeeper.testing.arrange import secret_file

SCHOOL = (
    """CREATE TABLE student (id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, name VARCHAR(120) NOT NULL, born DATE,
       email VARCHAR(190) CHARACTER SET ascii UNIQUE, note TEXT, KEY by_name (name(20)))
       ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='all of them'""",
    """CREATE TABLE grade (id BIGINT AUTO_INCREMENT PRIMARY KEY, student_id INT UNSIGNED NOT NULL,
       points DECIMAL(5,2) CHECK (points >= 0), weight DOUBLE, share FLOAT, given TIMESTAMP NULL,
       percent DECIMAL(6,2) AS (points * 10) STORED, label VARCHAR(40) AS (CONCAT('p', points)) VIRTUAL,
       CONSTRAINT of_student FOREIGN KEY (student_id) REFERENCES student (id) ON DELETE CASCADE)
       ENGINE=InnoDB DEFAULT CHARSET=utf8mb4""",
    """CREATE TABLE old_report (id INT PRIMARY KEY, body TEXT, code CHAR(8))
       ENGINE=MyISAM DEFAULT CHARSET=latin1""",
    """CREATE TABLE odd (flags BIT(12), wide BIT(64), doc JSON, photo LONGBLOB, key16 BINARY(16),
       kind ENUM('a','b'), many SET('x','y','z'), day DATE, moment DATETIME(6), hour TIME, era YEAR, place POINT,
       empty_text VARCHAR(9), address INET6, tag UUID, huge BIGINT UNSIGNED) DEFAULT CHARSET=utf8mb4""",
    """CREATE TABLE twice (a INT, b VARCHAR(5)) DEFAULT CHARSET=utf8mb4""",
    """CREATE TABLE `weird ``name.x` (`select` INT, `a;b` TEXT) DEFAULT CHARSET=cp1251""",
    """CREATE TABLE part (id INT, d DATE NOT NULL) PARTITION BY RANGE (YEAR(d))
       (PARTITION p0 VALUES LESS THAN (2026), PARTITION p1 VALUES LESS THAN MAXVALUE)""",
    """CREATE SEQUENCE receipt START WITH 100 INCREMENT BY 5""",
    "SELECT NEXTVAL(receipt)",
    """CREATE TABLE log_entry (id INT AUTO_INCREMENT PRIMARY KEY, says TEXT) DEFAULT CHARSET=utf8mb4""",
    """CREATE FUNCTION mean_of(who INT UNSIGNED) RETURNS DECIMAL(8,4) READS SQL DATA
       COMMENT 'for transcripts' RETURN (SELECT AVG(points) FROM grade WHERE student_id = who)""",
    """CREATE PROCEDURE award(IN who INT UNSIGNED, IN how_many DECIMAL(5,2))
       BEGIN /* with a ; and a ' */ INSERT INTO grade (student_id, points) VALUES (who, how_many); END""",
    """CREATE TRIGGER noted AFTER INSERT ON grade FOR EACH ROW
       INSERT INTO log_entry (says) VALUES (CONCAT('grade ', NEW.id, ' für 🎓'))""",
    """CREATE DEFINER='registrar'@'%' SQL SECURITY DEFINER VIEW transcript AS
       SELECT s.name, g.points, mean_of(s.id) AS mean FROM student AS s JOIN grade AS g ON g.student_id = s.id""",
    """CREATE DEFINER='registrar'@'%' EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01 03:00'
       DO INSERT INTO log_entry (says) VALUES ('it ran')""",
    """CREATE EVENT once ON SCHEDULE AT CURRENT_TIMESTAMP + INTERVAL 1 HOUR DO DELETE FROM log_entry""",
    """INSERT INTO student (name, born, email, note) VALUES ('Ulugʻbek', '2010-02-03', 'u@example.org', NULL),
       ('Zoë 🎒', '0000-00-00', NULL, ''), ('', '2011-00-00', 'z@example.org', 'a\\\\b''c"d\\r\\n\\te')""",
    """INSERT INTO grade (student_id, points, weight, share, given) VALUES
       (1, 4.50, 1e-300, 0.25, '2026-03-01 10:00'), (2, 0, 0.1 + 0.2e0, 1e10, NULL),
       (2, 99.99, 4.35e0 * 100, 0.5, '2026-03-29 03:30'), (3, NULL, NULL, NULL, NULL)""",
    "INSERT INTO old_report VALUES (1, 'Müller €', 'a'), (2, NULL, 'b'), (3, '', '')",
    """INSERT INTO odd VALUES (b'101', b'1', '{"a": [1, 2.50, null]}', 0xFF00FE27225C0A0D1A00, 0x00112233, 'b',
       'x,z', '0000-00-00', '2026-02-28 23:59:59.999999', '-838:59:59', 2026,
       ST_PointFromText('POINT(69.2 41.3)'), '',
       '2001:db8::1', '123e4567-e89b-12d3-a456-426655440000', 18446744073709551615),
       (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)""",
    "INSERT INTO twice VALUES (1, 'x'), (1, 'x'), (1, 'x'), (NULL, NULL), (NULL, '')",
    "INSERT INTO `weird ``name.x` VALUES (1, 'Привет'), (2, 'a,b')",
    "INSERT INTO part VALUES (1, '2025-01-01'), (2, '2026-01-01')",
)  # fmt: skip


def run(dsn: str, *statements: str) -> list[dict[str, Any]]:
    """Run statements without strictness, as old applications do; the rows of the last."""
    with connect("database", dsn, {"sql_mode": "", "time_zone": "+05:00"}, patient=True) as connection:
        rows: list[dict[str, Any]] = []
        for statement in statements:
            rows = query(connection, statement)
        return rows


def look_at(dsn: str, folder: Path) -> MariadbLook:
    folder.mkdir(parents=True, exist_ok=True)
    return MariadbLook("database", MariadbComponent(kind="mariadb", dsn=secret_file(folder, "dsn", dsn)))


def save(dsn: str, folder: Path, before_dump: Sequence[str] = ()) -> tuple[Path, DatabaseContents]:
    """Save the database into `folder`; `before_dump` are statements run once everything is held still."""
    path = folder / "database.sql"
    with look_at(dsn, folder) as look, look.saving() as saving:
        if before_dump:
            run(dsn, *before_dump)
        with saving.dump() as stream, path.open("wb") as file:
            while piece := stream.read(1 << 16):
                file.write(piece)
        return path, saving.contents()


def restore(scratch: MariaScratch, path: Path, contents: DatabaseContents) -> DatabaseContents:
    """What the restored copy holds, which must have come back without an error."""
    faults = scratch.restore(path, contents, "mariadb-dump")
    assert [fault for fault in faults if fault.level == "error"] == []
    return scratch.observe()
