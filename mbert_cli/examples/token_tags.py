"""Words with one tag each -> a text and its labelled pieces, by every scheme of B- and I-."""

import re
from collections.abc import Sequence

from mbert_cli.errors import UserError
from mbert_cli.evaluate.entities import OUTSIDE
from mbert_cli.examples.tokens import Span

_TAG = re.compile(r"([BIESLU])-(\S.*)")


def is_tag(tag: str, is_plain: bool) -> bool:
    """Whether a tag can be one.

    Args:
        tag: What stands in the file.
        is_plain: Whether a tag is a label as it stands; else it says where an entity begins and ends.
    """
    return tag != "" if is_plain else tag == OUTSIDE or _TAG.fullmatch(tag) is not None


def bad_tag(tag: str, is_plain: bool, place: str) -> UserError:
    """The error for a tag that can be none.

    Args:
        tag: What stands in the file.
        is_plain: As in `is_tag`.
        place: File and line.
    """
    if is_plain:
        return UserError(f"Each word must have a tag. Received: {place} without one", "Fill it in.")
    return UserError(
        f"A tag must be O, or B-, I-, E-, L-, S- or U- before the type of the entity. Received: {tag!r} in {place}",
        "Correct the line, set task.label_column to the column of the tags, or set task.kind to tags if "
        "these are plain labels of words.",
    )


def label_of_tag(tag: str, is_plain: bool) -> str | None:
    """What a tag says a word is: the type of an entity, or the tag itself; None for no entity."""
    if is_plain:
        return tag
    return None if tag == OUTSIDE else tag.partition("-")[2]


def tag_spans(tags: Sequence[str]) -> list[tuple[int, int, str]]:
    """The entities of a sentence: first word, last word, type.

    IOB1, IOB2, IOE, BIOES and BILOU need not be told apart: `B`, `S` and `U` begin an entity, `S`, `U`, `E` and
    `L` end one, and whatever follows no open entity of its own type begins one.

    Args:
        tags: `O`, or a tag such as `I-PER`.
    """
    found: list[tuple[int, int, str]] = []
    open_type = None
    for place, tag in enumerate(tags):
        if tag == OUTSIDE:
            open_type = None
            continue
        mark, _, name = tag.partition("-")
        if mark in "BSU" or name != open_type:
            found.append((place, place, name))
        else:
            found[-1] = (found[-1][0], place, name)
        open_type = None if mark in "SUEL" else name
    return found


def sentence_of(
    tokens: Sequence[str], tags: Sequence[str], is_plain: bool
) -> tuple[str, list[Span], list[tuple[int, int]]]:
    """A sentence as a text: its tokens with blanks between them, the labelled pieces, and where each token stands."""
    words, end = [], -1
    for token in tokens:
        words.append((end + 1, end + 1 + len(token)))
        end = words[-1][1]
    pieces = [(place, place, tag) for place, tag in enumerate(tags)] if is_plain else tag_spans(tags)
    spans = [Span(words[first][0], words[last][1], name) for first, last, name in pieces]
    return " ".join(tokens), spans, words
