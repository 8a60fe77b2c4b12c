"""What a log says of a failure without the people that it quotes."""

from pathlib import Path

import pytest

from schoolkeeper.connectors.rehearsal.saying import tail, without_values

LOG = """\
Starting on port 8100
2026-01-02 ERROR django.request [-] Internal Server Error: /students/7/
Traceback (most recent call last):
  File "/srv/erp/people/views.py", line 7, in record
    student = find("Ada Lovelace")
psycopg.errors.UniqueViolation: duplicate key value violates unique constraint "guardian_email_key"
DETAIL:  Key (email)=(ada@lovelace.example) already exists.
CONTEXT:  COPY guardian, line 3: "7 Ada Lovelace"
2026-01-02 INFO sign-in of ada.lovelace
ModuleNotFoundError: No module named 'smart_erp.people'
"""


def test_failures_are_kept_and_rows_are_not(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(LOG)
    assert tail(tmp_path / "log").splitlines() == [
        "2026-01-02 ERROR django.request [-] Internal Server Error: /students/7/",
        'psycopg.errors.UniqueViolation: duplicate key value violates unique constraint "guardian_email_key"',
        "ModuleNotFoundError: No module named 'smart_erp.people'",
    ]


def test_no_log_says_nothing(tmp_path: Path) -> None:
    assert tail(tmp_path / "none") == ""


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ('ERROR:  function "weighted_grade" does not exist', 'ERROR:  function "weighted_grade" does not exist'),
        (
            'ERROR:  invalid input syntax for type integer: "Ada"',
            'ERROR:  invalid input syntax for type integer: "…"',
        ),
        ("KeyError: 'Ada Lovelace'", "KeyError: '…'"),
        ("cannot write to ada@lovelace.example", "cannot write to …"),
        ("failed: INSERT INTO t VALUES ('Ada', 7)", "failed: INSERT INTO t (…)"),
        ("no such file '/srv/erp/config.php'", "no such file '/srv/erp/config.php'"),
    ],
)
def test_values_are_taken_out(line: str, kept: str) -> None:
    assert without_values(line) == kept
