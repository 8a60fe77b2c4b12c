"""What `recover.rows` is asked."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from schoolkeeper.catalogue.recover.rows.condition import condition
from schoolkeeper.kernel.facts import Options


class RowsOptions(Options):
    set: str = Field(
        "", description="The set to bring rows back from; empty: the newest proven one, else the newest"
    )
    tables: list[str] = Field(default=[], description="Tables, each as schema.table")
    where: Annotated[str, AfterValidator(condition)] = Field(
        "", description='Condition on the saved rows, such as "section_id = 12"; empty: all rows'
    )
    what: Literal["deleted", "changed", "both"] = Field("deleted", description="Which rows to bring back")
    include_dependents: bool = Field(
        False, description="Also rows of other tables that are missing and refer to the rows brought back"
    )
    leave: list[str] = Field(
        default=[], description="Columns that are not compared, such as updated_at, which a trigger fills in anew"
    )
    row_limit: int = Field(500, ge=1, le=10_000, description="More rows than this are not brought back in one run")
