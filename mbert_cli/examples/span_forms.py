"""The labelled pieces of a text as annotation tools write them -> start, end, label and text of each.

| whose                  | a piece is                                                                      |
|------------------------|---------------------------------------------------------------------------------|
| ours, Prodigy, spaCy   | `{"start": 0, "end": 5, "label": "PER"}` in `spans`, `entities` or `ents`        |
| Prodigy                | `token_start` and `token_end`, the latter included, where there is no `start`   |
| doccano                | `[0, 5, "PER"]` in `label` or `labels`, `start_offset` and `end_offset`         |
| spaCy's training data  | `[0, 5, "PER"]` in `entities`                                                   |
| Label Studio, JSON_MIN | `{"start": 0, "end": 5, "text": "...", "labels": ["PER"]}` in `label`           |
"""

from typing import Any, NamedTuple

from mbert_cli.errors import UserError

_LISTS_OF_SPANS = ("spans", "entities", "ents")
"""Members of a row that hold its pieces if they are a list."""

_LISTS_OF_LABELS = ("label", "labels", "annotations")
"""Those that may also hold labels of the whole text."""

_STARTS, _ENDS = ("start", "start_offset"), ("end", "end_offset")


class WrittenSpan(NamedTuple):
    """A piece as a file has it.

    Args:
        start: Where it begins.
        end: Where what follows it begins.
        label: What it is.
        text: What stands there; None where nobody says.
    """

    start: int
    end: int
    label: str
    text: str | None


def find_spans(row: dict[str, Any], place: str) -> list[Any] | None:
    """The list of the pieces of a text.

    Args:
        row: A row with a text.
        place: File and line.

    Returns:
        The list, or None where the row has none. An accepted row of Prodigy may lack an empty one.

    Raises:
        UserError: There are several.
    """
    lists = {name: row[name] for name in _LISTS_OF_SPANS if isinstance(row.get(name), list)}
    lists |= {name: row[name] for name in _LISTS_OF_LABELS if _are_spans(row.get(name))}
    filled = {name: value for name, value in lists.items() if value}
    if len(filled) > 1:
        raise UserError(
            f"A text must have one list of spans. Received: {', '.join(map(repr, filled))} in {place}",
            "Take out the one that is not meant.",
        )
    found = next(iter((filled or lists).values()), None)
    return [] if found is None and row.get("answer") == "accept" else found


def _are_spans(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, list | dict) for item in value)


def read_span(item: Any, row: dict[str, Any], place: str) -> WrittenSpan:
    """One piece of a text, whatever tool wrote it.

    Args:
        item: The piece.
        row: Its row, with the tokens that Prodigy may count.
        place: File and line.

    Raises:
        UserError: It is none.
    """
    if isinstance(item, dict):
        start, end = (_first(item, names) for names in (_STARTS, _ENDS))
        if start is None and end is None:
            start, end = _characters_of_tokens(item, row.get("tokens"))
        label, text = _label(item), item.get("text")
    else:
        # What may follow them is the id of an entity in spaCy, and a text elsewhere.
        start, end, label = [*(item[:3] if isinstance(item, list) else []), None, None, None][:3]
        text = None
    if type(start) is not int or type(end) is not int or not isinstance(label, str) or not label.strip():
        raise UserError(
            "A span must have a start and an end, which are whole numbers, and a label. "
            f"Received: {item!r} in {place}",
            'Write it as {"start": 0, "end": 5, "label": "PER"} or [0, 5, "PER"]; end is the character after the '
            "last one. From doccano, export the names of the labels.",
        )
    return WrittenSpan(start, end, label.strip(), text if isinstance(text, str) and text.strip() else None)


def _first(item: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((item[name] for name in names if name in item), None)


def _label(item: dict[str, Any]) -> Any:
    several = item.get("labels")
    if "label" not in item and isinstance(several, list) and len(several) == 1:
        return several[0]
    return item.get("label")


def _characters_of_tokens(item: dict[str, Any], tokens: Any) -> tuple[Any, Any]:
    first, last = item.get("token_start"), item.get("token_end")
    if not isinstance(tokens, list) or type(first) is not int or type(last) is not int:
        return None, None
    if not 0 <= first <= last < len(tokens) or not all(isinstance(token, dict) for token in tokens):
        return None, None
    return tokens[first].get("start"), tokens[last].get("end")
