"""A page as one HTML file that needs no network: a section for each table, with its pictures and notes."""

import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

from mbert_cli.page import Page
from mbert_cli.printing import figure_columns
from mbert_cli.report.markdown import without_deviations
from mbert_cli.standard_streams import printable
from mbert_cli.table import Picture, Table

STYLE = Path(__file__).with_name("page.css")
"""How such a page looks."""
USUAL_TITLE = "mbert"
"""Heading of a page that has none of its own."""

_CODE = re.compile(r"`([^`]+)`")
_DARKEST = 0.45
"""Opacity of the darkest shade, on which text can still be read."""
_LONG = 40
"""Characters from which on a cell may be folded."""
_LINKED_SECTIONS = 3
"""From this many sections on, links to them stand at the top."""


def html(page: Page, holds_all: bool = True) -> str:
    """The document of a page.

    Args:
        page: What is shown.
        holds_all: Whether the text may have characters beyond ASCII; otherwise HTML's numbers stand for them.
    """
    title = _text(page.title or USUAL_TITLE)
    body = [
        f"<h1>{title}</h1>",
        _contents(page.tables),
        *(_section(place, table) for place, table in enumerate(page.tables)),
        _ending(page),
    ]
    text = "\n".join(
        [
            "<!doctype html>", '<html lang="en">', "<head>", '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">', f"<title>{title}</title>",
            f"<style>\n{STYLE.read_text(encoding='utf-8')}</style>", "</head>", "<body>", "<main>",
            *filter(None, body), "</main>", "</body>", "</html>", "",
        ]
    )  # fmt: skip
    return text if holds_all else text.encode("ascii", "xmlcharrefreplace").decode()


def _contents(tables: Sequence[Table]) -> str:
    """Links to the sections of a page that has many."""
    links = [
        f'<li><a href="#part-{place}">{_text(table.title)}</a></li>'
        for place, table in enumerate(tables)
        if table.title
    ]
    return (
        "" if len(links) < _LINKED_SECTIONS else f'<nav aria-label="Contents"><ul>{"".join(links)}</ul></nav>'
    )


def _section(place: int, table: Table) -> str:
    """A heading, pictures, the table and its notes."""
    heading = [f'<h2 id="part-{place}">{_text(table.title)}</h2>'] if table.title else []
    named = f' aria-labelledby="part-{place}"' if table.title else ' aria-label="Table"'
    parts = [
        "<section>", *heading, _pictures(table.pictures),
        f'<div class="scroll" role="region" tabindex="0"{named}>', _grid(table), "</div>",
        *map(_paragraph, table.notes), "</section>",
    ]  # fmt: skip
    return "\n".join(filter(None, parts))


def _pictures(pictures: Sequence[Picture]) -> str:
    figures = [
        f"<figure>{_scrolled(picture)}"
        f"<figcaption><b>{_text(picture.title)}.</b> {_sentence(picture.caption)}</figcaption></figure>"
        for picture in pictures
    ]
    return f'<div class="pictures">{"".join(figures)}</div>' if figures else ""


def _scrolled(picture: Picture) -> str:
    """The picture, which a narrow screen makes smaller or, where it has small print, scrolls."""
    if not picture.is_fine:
        return picture.svg
    label = _text(picture.title)
    return f'<div class="scroll fine" role="region" tabindex="0" aria-label="{label}">{picture.svg}</div>'


def _grid(table: Table) -> str:
    """The table; the first cell of a row is its heading, and figures are set to the right."""
    are_right = figure_columns(table.columns, [without_deviations(row) for row in table.rows])
    classes = [" class=figure" if is_right else "" for is_right in are_right]
    headings = [
        f"<th scope=col{kind}>{_text(column)}</th>" if column else f"<td{kind}></td>"
        for column, kind in zip(table.columns, classes, strict=True)
    ]
    head = f"<thead><tr>{''.join(headings)}</tr></thead>" if any(table.columns) else ""
    shades = table.shades or [()] * len(table.rows)
    rows = [_row(row, classes, shade) for row, shade in zip(table.rows, shades, strict=True)]
    return "\n".join(["<table>", *filter(None, [head]), "<tbody>", *rows, "</tbody>", "</table>"])


def _row(cells: Sequence[str], classes: Sequence[str], shades: Sequence[float]) -> str:
    first, *others = [_cell(cell) for cell in cells]
    shown = [f"<th scope=row{classes[0]}>{first}</th>"]
    for place, cell in enumerate(others, start=1):
        shade = shades[place] if place < len(shades) else 0.0
        style = f' style="--shade: {_DARKEST * shade:.3f}"' if shade else ""
        kind = classes[place] or (" class=long" if len(cell) > _LONG else "")
        shown.append(f"<td{kind}{style}>{cell}</td>")
    return f"<tr>{''.join(shown)}</tr>"


def _cell(text: object) -> str:
    return "<br>".join(map(_text, str(text).splitlines()))


def _ending(page: Page) -> str:
    """Notes and lines below all tables."""
    lines = [f"<pre tabindex=0>{_text(chr(10).join(page.lines))}</pre>"] if page.lines else []
    parts = [*map(_paragraph, page.notes), *lines]
    return "\n".join(["<section>", *parts, "</section>"]) if parts else ""


def _paragraph(note: str) -> str:
    return f"<p>{_sentence(note)}</p>"


def _sentence(text: str) -> str:
    """A sentence, in which what stands between backticks is code."""
    return _CODE.sub(r"<code>\1</code>", _text(text))


def _text(text: str) -> str:
    return escape(printable(text))
