"""A page as Markdown that GitHub renders: a heading and a table each, notes as paragraphs, lines as code."""

import re
from collections.abc import Sequence

from rich.cells import cell_len

from mbert_cli.markdown_text import markdown_text
from mbert_cli.page import Page
from mbert_cli.printing import figure_columns
from mbert_cli.standard_streams import printable
from mbert_cli.table import Table

_OF_A_LINE = re.compile(r"^(#|[-+](?= )|\d+[.)](?= )|=)")
"""What at the beginning of a paragraph would make something else of it."""
_CODE = re.compile(r"(`[^`]+`)")
_NARROWEST = 3
_DEVIATION = " ± "


def markdown(page: Page) -> str:
    """The text of a page, which ends with a line break where there is any."""
    parts = [part for table in page.tables for part in _table_parts(table)]
    parts += [_paragraph(note) for note in page.notes]
    if page.lines:
        parts.append(_code_block(page.lines))
    return "\n\n".join(parts) + ("\n" if parts else "")


def _table_parts(table: Table) -> list[str]:
    heading = [f"## {markdown_text(table.title)}"] if table.title else []
    return [*heading, _grid(table), *map(_paragraph, table.notes)]


def _grid(table: Table) -> str:
    """Heading, line and rows, padded so that the text too can be read as a table."""
    rows = [[_cell(cell) for cell in row] for row in (table.columns, *table.rows)]
    widths = [max(_NARROWEST, *(cell_len(row[place]) for row in rows)) for place in range(len(table.columns))]
    are_right = figure_columns(table.columns, [without_deviations(row) for row in table.rows])
    lines = [_line(row, widths, are_right) for row in rows]
    rule = [
        "-" * (width - 1) + ":" if is_right else "-" * width
        for width, is_right in zip(widths, are_right, strict=True)
    ]
    return "\n".join([lines[0], f"| {' | '.join(rule)} |", *lines[1:]])


def _line(cells: Sequence[str], widths: Sequence[int], are_right: Sequence[bool]) -> str:
    padded = []
    for cell, width, is_right in zip(cells, widths, are_right, strict=True):
        blanks = " " * (width - cell_len(cell))
        padded.append(blanks + cell if is_right else cell + blanks)
    return f"| {' | '.join(padded)} |"


def without_deviations(row: Sequence[str]) -> list[str]:
    """Figures without the deviation behind them, which makes no text of a number."""
    return [str(cell).partition(_DEVIATION)[0] for cell in row]


def _cell(text: object) -> str:
    return "<br>".join(map(markdown_text, str(text).splitlines()))


def _paragraph(note: str) -> str:
    """A sentence, in which what stands between backticks is code."""
    parts = [part if _CODE.fullmatch(part) else markdown_text(part) for part in _CODE.split(note)]
    return _OF_A_LINE.sub(r"\\\1", "".join(parts).strip())


def _code_block(lines: Sequence[str]) -> str:
    """Lines as they are, fenced by more backticks than any of them has."""
    text = printable("\n".join(lines))
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text}\n{fence}"
