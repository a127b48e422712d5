"""A table as a value: what commands gather and reports arrange, before anything is printed; and short cells."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

MORE = " ..."
"""Stands where a text is cut."""


@dataclass(frozen=True)
class Picture:
    """A picture of what a table holds, for pages that can show one.

    Attributes:
        svg: An element `svg` of HTML, whose ids are those of no other picture.
        title: What it shows, in a few words, also for those who cannot see it.
        caption: Sentences to be read below it. A command in them stands between backticks.
        is_fine: Whether it has small print: on a narrow screen it is scrolled, and not made smaller.
    """

    svg: str
    title: str
    caption: str = ""
    is_fine: bool = False


@dataclass(frozen=True)
class Table:
    """Rows under the names of their columns.

    Attributes:
        title: What the table shows; "" for a table that needs no title.
        columns: Names of the columns; "" for one that needs no name.
        rows: Cells as a person reads them, as many in each row as there are columns.
        notes: Sentences to be read below the table. A command in them stands between backticks.
        pictures: Of the same, for pages that can show them.
        shades: How strongly each cell of each row is shaded there, from 0 to 1; empty for no shading.

    A table holds what a person reads; figures with all their digits are in the record of its `Page`.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()
    pictures: Sequence[Picture] = ()
    shades: Sequence[Sequence[float]] = ()


def without_empty_columns(table: Table) -> Table:
    """The table without the columns in which no row has anything."""
    used = [place for place, _ in enumerate(table.columns) if any(row[place] for row in table.rows)]
    return replace(
        table,
        columns=[table.columns[place] for place in used],
        rows=[[row[place] for place in used] for row in table.rows],
        shades=[[row[place] for place in used] for row in table.shades],
    )


def shortened(text: str, width: int) -> str:
    """A text on one line, cut where it is wider: at a blank, or where there is none in the second half, anywhere.

    Args:
        text: The text.
        width: Columns of a terminal at most, of which Chinese characters and the like take two.
    """
    from rich.cells import cell_len

    line = " ".join(text.split())
    columns = room = 0
    for place, character in enumerate(line):
        columns += cell_len(character)
        if columns > width:
            break
        if columns <= width - len(MORE):
            room = place + 1
    else:
        return line
    blank = line.rfind(" ", 0, room + 1)
    return line[: blank if blank > room // 2 else room].rstrip() + MORE
