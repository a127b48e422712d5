"""A table as a value: what commands gather and reports arrange, before anything is printed."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """Rows under the names of their columns.

    Attributes:
        title: What the table shows; "" for a table that needs no title.
        columns: Names of the columns; "" for one that needs no name.
        rows: Cells as a person reads them, as many in each row as there are columns.
        notes: Sentences to be read below the table. A command in them stands between backticks.

    A table holds what a person reads; figures with all their digits are in the record of its `Page`.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()
