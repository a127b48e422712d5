"""The pieces of a text as a file places them -> spans that lie in it, begin and end with words, and stand apart."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from mbert_cli.errors import UserError
from mbert_cli.examples.span_forms import WrittenSpan
from mbert_cli.examples.tokens import Span
from mbert_cli.figures import counted_of
from mbert_cli.text.text_offsets import OTHER_UNITS, OffsetUnit, TextOffsets, find_piece

_COUNTED = {"characters": "characters", "utf16": "units of UTF-16", "bytes": "bytes"}


class SpanPlacement:
    """Places the pieces of the texts of one file, and keeps account of what had to be changed.

    Args:
        name: The file, for people.
        unit: What the file counts.
    """

    def __init__(self, name: str, unit: OffsetUnit) -> None:
        self._name, self._unit = name, unit
        self._changes: Counter[str] = Counter()
        self._wide: Counter[OffsetUnit] = Counter()
        self._misfits: Counter[tuple[OffsetUnit, OffsetUnit]] = Counter()

    def place(self, text: str, written: Sequence[WrittenSpan], place: str) -> list[Span]:
        """The spans of one text, in its order.

        Args:
            text: The text.
            written: Its pieces.
            place: File and line.

        Raises:
            UserError: One is not in the text, or not what it says, or two overlap.
        """
        offsets = TextOffsets(text, self._unit)
        spans = [self._trimmed(text, *self._located(text, one, offsets, place), one.label) for one in written]
        self._try_other_units(text, written)
        distinct = sorted(set(spans))
        self._changes["twice"] += len(spans) - len(distinct)
        _require_apart(distinct, place)
        return distinct

    @property
    def notes(self) -> list[str]:
        """What was changed, in one sentence each."""
        said = {
            "moved": "spans that were not where the file says, moved to where their text is",
            "trimmed": "spans with blanks at their ends, which do not belong to them",
            "twice": "spans that occur twice and count once",
        }
        return [
            f"{self._name}: {what}: {self._changes[key]:,}"
            for key, what in said.items()
            if self._changes[key]
        ]

    @property
    def warnings(self) -> list[str]:
        """Says whether the places make sense in another unit alone."""
        return list(self._likely_units())

    def _likely_units(self) -> Iterator[str]:
        for unit in OTHER_UNITS:
            count = self._misfits[unit, "characters"]
            if count and not self._misfits[unit, unit]:
                units = _COUNTED[unit]
                behind = f"behind characters that are several {units}"
                said = counted_of(
                    count, self._wide[unit], f"span {behind}",
                    "begins or ends within a word", "begin or end within a word", f"spans {behind}",
                )  # fmt: skip
                yield (
                    f"{self._name}: {said}, and none would if their places counted {units}: if they do, set "
                    f"task.offsets to {unit}"
                )

    def _located(self, text: str, one: WrittenSpan, offsets: TextOffsets, place: str) -> tuple[int, int]:
        start, end = offsets.character(one.start), offsets.character(one.end)
        inside = "" if start is None or end is None else text[start:end]
        if one.text is not None and not (inside.strip() and _are_alike(inside, one.text)):
            found = find_piece(text, one.text, one.start)
            if found is None:
                raise _misnamed(text, one, start, end, place)
            self._changes["moved"] += 1
            return found, found + len(one.text)
        if start is None or end is None or not inside.strip():
            raise self._outside(text, one, offsets, place)
        return start, end

    def _trimmed(self, text: str, start: int, end: int, label: str) -> Span:
        piece = text[start:end]
        self._changes["trimmed"] += piece != piece.strip()
        start += len(piece) - len(piece.lstrip())
        return Span(start, start + len(piece.strip()), label)

    def _outside(self, text: str, one: WrittenSpan, offsets: TextOffsets, place: str) -> UserError:
        hint = "Count characters from 0; end is the character after the last one."
        if self._unit == "characters" and not text.isascii():
            hint += (
                " If the places count units of UTF-16, as JavaScript and therefore doccano do, set task.offsets to "
                "utf16; if they count bytes, to bytes."
            )
        return UserError(
            "A span must lie in its text and hold more than blanks. "
            f"Received: {_COUNTED[self._unit]} {one.start} to {one.end} of {offsets.length} in {place}",
            hint,
        )

    def _try_other_units(self, text: str, written: Sequence[WrittenSpan]) -> None:
        """Counts spans that cut words, as they are placed and as another unit would place them."""
        if self._unit != "characters" or text.isascii():
            return
        for unit in OTHER_UNITS:
            offsets = TextOffsets(text, unit)
            for one in written:
                start, end = offsets.character(one.start), offsets.character(one.end)
                if one.text is not None or (start, end) == (one.start, one.end):
                    continue
                self._wide[unit] += 1
                self._misfits[unit, "characters"] += _cuts_words(text, one.start, one.end)
                self._misfits[unit, unit] += start is None or end is None or _cuts_words(text, start, end)


def _cuts_words(text: str, start: int, end: int) -> bool:
    """Whether a piece is empty, begins or ends with a blank, or within a word."""
    if start >= end or text[start].isspace() or text[end - 1].isspace():
        return True
    return any(
        text[place - 1 : place].isalnum() and text[place : place + 1].isalnum() for place in (start, end)
    )


def _are_alike(piece: str, named: str) -> bool:
    """Whether two texts differ in white space alone; some tools write a line break as two characters."""
    return "".join(piece.split()) == "".join(named.replace("\\n", " ").split())


def _misnamed(text: str, one: WrittenSpan, start: int | None, end: int | None, place: str) -> UserError:
    found = "" if start is None or end is None else text[start:end]
    return UserError(
        "A span must hold the text that it names. "
        f"Received: {one.text!r} at {one.start} to {one.end}, where {found!r} stands, in {place}",
        "Correct its places: count characters from 0; end is the character after the last one.",
    )


def _require_apart(spans: Sequence[Span], place: str) -> None:
    for one, other in pairwise(spans):
        if other.start < one.end:
            raise UserError(
                "Spans of a text must not overlap, since a word has one label. "
                f"Received: characters {one.start} to {one.end} and {other.start} to {other.end} in {place}",
                "Keep one of the two.",
            )
