"""The sentences that a person approves: which row, which columns, from what to what."""

from collections.abc import Sequence

from schoolkeeper.catalogue.recover.rows.facts import Difference, Row, TableFacts

LONGEST_VALUE = 60


def says(differences: Sequence[Difference], tables: Sequence[TableFacts]) -> str:
    """One sentence for rows that are brought back together."""
    by_name = {table.name: table for table in tables}
    sentences = [_sentence(one, by_name[one.table]) for one in differences]
    return sentences[0] if len(sentences) == 1 else "Together: " + "; ".join(sentences)


def _sentence(one: Difference, table: TableFacts) -> str:
    key = ", ".join(f"{column} {shown(one.key[column])}" for column in table.key)
    columns = [column for column in table.written if column in one.after and column not in one.key]
    if one.before is None:
        return f"{one.table} {key} comes back" + (f": {_values(one.after, columns)}" if columns else "")
    changes = (f"{column} {shown(one.before[column])} → {shown(one.after[column])}" for column in columns)
    return f"{one.table} {key}: {', '.join(changes)}"


def _values(row: Row, columns: Sequence[str]) -> str:
    return ", ".join(f"{column} {shown(row[column])}" for column in columns)


def shown(value: str | None) -> str:
    """A value, shortened; a text with spaces in it is quoted."""
    if value is None:
        return "NULL"
    if len(value) > LONGEST_VALUE:
        return f"“{value[: LONGEST_VALUE - 20]}…” ({len(value):,} characters)"
    return (
        value
        if value and not any(character.isspace() or character in ",;" for character in value)
        else f"“{value}”"
    )
