"""A page as one JSON document, for other programs."""

import math
from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePath
from typing import Any

from mbert_cli.page import Page
from mbert_cli.standard_streams import json_text

NOTES = "notes"


def json_document(page: Page, holds_all: bool = True) -> str:
    """The record of a page, and under `notes` the sentences below its tables.

    Args:
        page: What is shown.
        holds_all: Whether the text may have characters beyond ASCII.

    Returns:
        One object and a line break. Figures that are not finite are null: JSON has no word for them.
    """
    notes = [note for table in page.tables for note in table.notes] + list(page.notes)
    return json_text(_plain({**page.record, NOTES: notes}), holds_all=holds_all, indent=2) + "\n"


def _plain(value: Any) -> Any:
    """A value as JSON can hold it."""
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if hasattr(value, "tolist"):  # an array of NumPy, or one of its numbers
        return _plain(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, PurePath) else value
