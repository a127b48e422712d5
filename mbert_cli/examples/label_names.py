"""The names of labels: their order, and what in them is likely to be a mistake."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*|,\d+)?|[.,]\d+)(e[+-]?\d{1,3})?", re.IGNORECASE | re.ASCII)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?", re.ASCII)

_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")

_CLEAR_SEPARATORS = ("#", ";", "|")
"""Seldom part of a name."""

_SEPARATORS = (*_CLEAR_SEPARATORS, "/", ",", "+", "&", " ")

_MISSING = frozenset({"nan", "null", "<na>", "nat"})
"""How programs write a value that is not there, in lower case."""


@dataclass(frozen=True)
class JoinedLabel:
    """A label that looks like several.

    Attributes:
        label: The label.
        separator: What stands between its parts.
        parts: The parts.
    """

    label: str
    separator: str
    parts: tuple[str, ...]

    def __str__(self) -> str:
        """In words: `'#' (sea#money is made of sea and money)`."""
        *first, last = self.parts
        return f"{self.separator!r} ({self.label} is made of {', '.join(first)} and {last})"


def label_numbers(labels: Sequence[str]) -> list[Decimal | None]:
    """The number that each label writes, or None; `nan` and `inf` are names.

    A comma stands before decimals, as in `1,5`, unless every label that has one may be of thousands, as `12,500`.
    """
    with_comma = [label for label in labels if "," in label]
    if with_comma and all(map(_THOUSANDS.fullmatch, with_comma)):
        labels = [label.replace(",", "") for label in labels]
    return [Decimal(label.replace(",", ".")) if _NUMBER.fullmatch(label) else None for label in labels]


def order_labels(labels: Iterable[str]) -> list[str]:
    """Distinct labels in the order of their ids: numbers by value where all are numbers, else by their characters.

    So output 2 of a model is label 2, where labels are 0, 1, 2 and so on.
    """
    distinct = sorted(set(labels))
    numbers = label_numbers(distinct)
    if any(number is None for number in numbers):
        return distinct
    return [label for _, label in sorted(zip(numbers, distinct, strict=True))]


def describe_numbers(labels: Sequence[str]) -> str | None:
    """Says which output has which label where labels are whole numbers and not those of the outputs."""
    numbers = label_numbers(labels)
    if any(number is None or number != number.to_integral_value() for number in numbers):
        return None
    if numbers == list(range(len(labels))):
        return None
    return f"output 0 is label {labels[0]}, the last, output {len(labels) - 1}, is label {labels[-1]}"


def is_same_label(one: str, other: str) -> bool:
    """Whether two labels look alike: they differ in case, blanks, or how a character or a number is written."""
    return _folded(one) == _folded(other)


def alike_labels(labels: Iterable[str]) -> list[list[str]]:
    """Groups of labels that look alike, as `is_same_label` says."""
    groups: dict[str | Decimal, list[str]] = {}
    for label in labels:
        groups.setdefault(_folded(label), []).append(label)
    return [group for group in groups.values() if len(group) > 1]


def missing_labels(labels: Iterable[str]) -> list[str]:
    """Labels that are how a program writes a value that is not there."""
    return [label for label in labels if label.lower() in _MISSING]


def label_lines(labels: Iterable[str]) -> str:
    """Labels, one per line, for clients that count lines; line breaks inside a label become blanks."""
    return "".join(f"{' '.join(label.splitlines())}\n" for label in labels)


def find_joined(labels: Sequence[str], split_by: str | None) -> JoinedLabel | None:
    """The clearest label that looks like several, joined by something other than what separates labels.

    Its parts must be labels of their own or parts of other such labels, and one of them a label of its own. With `#`,
    `;` and `|` they may all be parts of others; where an example has one label, all must be labels of their own.

    Args:
        labels: Distinct labels.
        split_by: What separates labels already; None where an example has one label.
    """
    own = set(labels)
    for separator in _SEPARATORS:
        if separator == split_by:
            continue
        joined = [
            JoinedLabel(label, separator, parts)
            for label in labels
            if (parts := split_label(label, separator))
        ]
        owners: dict[str, int] = {}
        for one in joined:
            for part in set(one.parts):
                owners[part] = owners.get(part, 0) + 1
        needed = 0 if separator in _CLEAR_SEPARATORS else 1
        found = [
            one for one in joined
            if all(part in own or owners[part] > 1 for part in one.parts)
            and _num_own(one, own) >= (len(one.parts) if split_by is None else needed)
        ]  # fmt: skip
        if found:
            return max(found, key=lambda one: (_num_own(one, own) == len(one.parts), -len(one.parts)))
    return None


def split_label(label: str, separator: str) -> tuple[str, ...]:
    """The parts of a label, none of them blank; empty where it has fewer than two."""
    parts = tuple(part.strip() for part in label.split(separator))
    return parts if len(parts) > 1 and all(parts) else ()


def separator_of(label: str, labels: Sequence[str]) -> str | None:
    """By what a label can be cut into known labels, if by anything."""
    known = set(labels)
    return next(
        (mark for mark in _SEPARATORS if (parts := split_label(label, mark)) and known.issuperset(parts)),
        None,
    )


def separator_setting(separator: str, split_by: str | None) -> str:
    """What to type so that labels are cut.

    Args:
        separator: What they look joined by.
        split_by: What separates labels already; None where an example has one label.
    """
    kind = "" if split_by else "task.kind=multi_label and "
    return f"set {kind}task.label_separator={separator!r}"


def _num_own(joined: JoinedLabel, own: set[str]) -> int:
    return sum(part in own for part in joined.parts)


def _folded(label: str) -> str | Decimal:
    (number,) = label_numbers([label])
    if number is not None:
        return number
    return " ".join(_INVISIBLE.sub("", unicodedata.normalize("NFKC", label)).casefold().split())
