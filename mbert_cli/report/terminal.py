"""A page on the terminal, or wherever else it was asked for; the only file of this room that prints."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mbert_cli import console
from mbert_cli.errors import RunError
from mbert_cli.page import Delivery, Page
from mbert_cli.printing import print_line, print_table, printed_text
from mbert_cli.report.delivery import write_file
from mbert_cli.report.html import html
from mbert_cli.report.json_document import json_document
from mbert_cli.report.markdown import markdown
from mbert_cli.standard_streams import holds_all_characters

if TYPE_CHECKING:
    from rich.console import Console


def deliver(page: Page, delivery: Delivery) -> None:
    """Shows a page where and how it was asked for.

    Args:
        page: What is shown.
        delivery: Its format, and the file that gets it, or standard output.

    Raises:
        RunError: The file cannot be written; standard output has got the page instead.
    """
    if delivery.file is not None:
        _deliver_to_file(page, delivery, delivery.file)
    elif delivery.format == "table":
        console.results(lambda stream: print_page(stream, page))
    else:
        console.document(page_text(page, delivery))


def _deliver_to_file(page: Page, delivery: Delivery, file: Path) -> None:
    try:
        write_file(file, page_text(page, delivery))
    except OSError as error:
        deliver(page, Delivery(delivery.format))
        raise RunError(
            f"--out must be a file that can be written. Received: {file} ({error.strerror})",
            "Standard output has the results instead; free space there, or name another file with --out.",
        ) from error
    console.info(f"Written to {file}")


def announce(page: Page) -> None:
    """Shows a page as a message, on standard error: what a command is about to do."""
    console.messages(lambda stream: print_page(stream, page))


def page_text(page: Page, delivery: Delivery) -> str:
    """A page as a text; in a file it may have every character, on standard output those that this can hold."""
    holds_all = delivery.file is not None or holds_all_characters(sys.stdout)
    if delivery.format == "json":
        return json_document(page, holds_all)
    if delivery.format == "html":
        return html(page, holds_all)
    if delivery.format == "markdown":
        return markdown(page)
    return printed_text(lambda stream: print_page(stream, page))


def print_page(stream: "Console", page: Page) -> None:
    """Prints tables with their notes below them, then the notes of the page and its lines."""
    for place, table in enumerate(page.tables):
        if place and page.tables[place - 1].notes:
            stream.print()
        print_table(stream, table.title, table.columns, table.rows)
        for note in table.notes:
            print_line(stream, note)
    for line in (*page.notes, *page.lines):
        print_line(stream, line)
