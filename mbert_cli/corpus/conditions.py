"""Conditions on the columns of a row, written as Python would have them: `language == 'en' and score > 0.5`."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from itertools import pairwise
from types import CodeType
from typing import Any

from mbert_cli.corpus.columns import MISSING, value_of
from mbert_cli.errors import UserError

_ALLOWED = (
    ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.Compare, ast.Eq, ast.NotEq,
    ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn, ast.Is, ast.IsNot, ast.Name, ast.Load, ast.Constant,
    ast.List, ast.Tuple,
)  # fmt: skip
"""What a condition may consist of: no calls, no attributes, nothing that does anything but compare."""

_DAY_AND_TIME = re.compile(r"^(\d{4}-\d\d-\d\d) (?=\d)")

_TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False, 1: True, 0: False}
"""What values mean; True and 1 are one key, and so are 1.0 and 1."""

_HINT = "Compare columns with values, as in \"language == 'en' and score > 0.5\" or \"source in ['books', 'news']\"."


@dataclass(frozen=True)
class Condition:
    """A condition that is read and checked.

    Attributes:
        text: What was written.
        columns: The columns that it looks at.
        numeric: Those that it compares with numbers.
        ordered: Those that are smaller or larger than another column, and compared with no value.
        valued: Those that it compares with anything but None.
        boolean: Those that it asks whether they are true, as in `checked and not spam`, or compares with True or
            False.
    """

    text: str
    columns: frozenset[str]
    numeric: frozenset[str]
    boolean: frozenset[str]
    ordered: frozenset[str]
    valued: frozenset[str]
    _code: CodeType

    def holds(self, row: Mapping[str, Any], place: str) -> bool:
        """Whether a row fulfils it. A comparison with a value that is missing, null or NaN does not hold.

        Args:
            row: Values by column; text is read as a number where it is compared with one, or where it is one and is
                ordered by another column, and as true or false where that is asked; bytes are texts in UTF-8, days and
                times texts as ISO 8601 has them.
            place: Of the row, for messages.

        Raises:
            UserError: Values cannot be compared.
        """
        values = {name: self._value(value_of(row, name), name, place) for name in self.columns}
        try:
            return bool(eval(self._code, {"__builtins__": {}}, values))
        except TypeError as error:
            found = ", ".join(f"{name}={value!r}" for name, value in values.items())
            raise UserError(
                f"corpus.where must compare values of one type. Received: {self.text} with {found} in {place}",
                "Write texts in quotes and numbers without.",
            ) from error

    def _value(self, value: Any, name: str, place: str) -> Any:
        if value is MISSING or _is_nan(value):
            return None
        if isinstance(value, datetime | date | time):
            return _Moment(value.isoformat())
        if isinstance(value, Decimal):
            value = int(value) if value == value.to_integral_value() else float(value)
        if isinstance(value, bytes) and name in self.valued:
            value = _decoded(value, name, place)
        if name in self.boolean and name not in self.numeric:
            return _truth_of(value, name, place)
        is_number = name in self.numeric or name in self.ordered
        if not is_number or not isinstance(value, str):
            return value
        if not value.strip():
            return None
        try:
            number = _number_in(value)
            return None if _is_nan(number) else number
        except ValueError:
            if name not in self.numeric:
                return value
            raise UserError(
                f"A column that corpus.where compares with a number must hold numbers. "
                f"Received: {value!r} in the column {name!r} of {place}",
                "Write the value in quotes to compare it as text.",
            ) from None


class _Moment(str):
    """A day or time as ISO 8601 has it; what it is compared with may have a blank in place of the T."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return super().__eq__(_with_mark(other))

    def __ne__(self, other: object) -> bool:
        return super().__ne__(_with_mark(other))

    def __lt__(self, other: str) -> bool:
        return super().__lt__(_with_mark(other))

    def __le__(self, other: str) -> bool:
        return super().__le__(_with_mark(other))

    def __gt__(self, other: str) -> bool:
        return super().__gt__(_with_mark(other))

    def __ge__(self, other: str) -> bool:
        return super().__ge__(_with_mark(other))


def _with_mark(value: Any) -> Any:
    """A day with a time that a blank separates as ISO 8601 has it, and every other value as it is."""
    return _DAY_AND_TIME.sub(r"\1T", value) if isinstance(value, str) else value


def parse_condition(text: str) -> Condition:
    """Reads a condition.

    Raises:
        UserError: It is no condition on columns.
    """
    try:
        tree = _Members().visit(ast.parse(text.strip(), mode="eval"))
    except (SyntaxError, ValueError, RecursionError) as error:
        raise _refused(text) from error
    nodes = list(ast.walk(tree))
    if not all(isinstance(node, _ALLOWED) and _has_value_for_minus(node) for node in nodes):
        raise _refused(text)
    columns = frozenset(node.id for node in nodes if isinstance(node, ast.Name))
    truths = list(_truths(tree))
    if not columns or not all(map(_is_truth, truths)):
        raise _refused(text)
    comparisons = [node for node in nodes if isinstance(node, ast.Compare)]
    if not all(map(_asks_for_identity_of_a_truth, comparisons)):
        raise UserError(
            f"In corpus.where `is` and `is not` stand beside None, True or False. Received: {text}",
            "Compare other values by == and !=.",
        )
    if any(_is_in_a_single_value(node) for node in comparisons):
        raise UserError(
            f"In corpus.where a column is looked for in a list. Received: {text}",
            "Put values in brackets, also a single one: language in ['en'].",
        )
    compared = [pair for node in comparisons for pair in _pairs(node)]
    numeric = frozenset(name for name, value in compared if _is_numeric(value))
    boolean = frozenset(node.id for node in truths if isinstance(node, ast.Name)) | frozenset(
        name for name, value in compared if _is_boolean(value)
    )
    constant = frozenset(name for name, value in compared if not isinstance(value, ast.Name))
    ordered = frozenset(
        name
        for node in comparisons
        for pair in _ordered_pairs(node)
        if constant.isdisjoint(pair)
        for name in pair
    )
    valued = boolean | frozenset(name for name, value in compared if not _is_none(value))
    guarded = ast.fix_missing_locations(_Guards().visit(tree))
    code = compile(guarded, "corpus.where", "eval")
    return Condition(text, columns, numeric, boolean, ordered, valued, code)


def _is_nan(value: Any) -> bool:
    """Whether a number is none, by which pandas and what reads its files mean a value that is missing."""
    return isinstance(value, float | Decimal) and value != value


def _number_in(text: str) -> int | float:
    """The number that a text is; a whole one in all its digits.

    Raises:
        ValueError: It is none.
    """
    try:
        return int(text)
    except ValueError:
        return float(text)


def _decoded(value: bytes, name: str, place: str) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise UserError(
            f"A column of bytes that corpus.where compares must hold UTF-8. Received: {value[:20]!r} in the column "
            f"{name!r} of {place}",
            f"Ask {name} is None or {name} is not None, or look at other columns.",
        ) from error


def _truth_of(value: Any, name: str, place: str) -> bool | None:
    """Whether a value means true; None for one that is missing."""
    written = value.strip().lower() if isinstance(value, str) else value
    if written in (None, ""):
        return None
    if isinstance(written, str | int | float) and written in _TRUTHS:
        return _TRUTHS[written]
    raise UserError(
        "A column that corpus.where asks whether it is true must hold true or false, yes or no, 1 or 0. "
        f"Received: {value!r:.60} in the column {name!r} of {place}",
        f"Compare it with a value, as in {name} == 'en', {name} > 0.5 or {name} is not None.",
    )


class _Members(ast.NodeTransformer):
    """Makes names of members of columns: `meta.language` is the value that `columns.value_of` finds."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        inner = self.visit(node.value)
        if not isinstance(inner, ast.Name):
            return node  # and is refused
        return ast.copy_location(ast.Name(f"{inner.id}.{node.attr}", ast.Load()), node)


class _Guards(ast.NodeTransformer):
    """Has a comparison with a missing value not hold: `a != 1` becomes `a is not None and a != 1`."""

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        sides = [node.left, *node.comparators]
        names = dict.fromkeys(side.id for side in sides if isinstance(side, ast.Name))
        asks_for_none = any(isinstance(side, ast.Constant) and side.value is None for side in sides)
        if asks_for_none or not names:
            return node
        present = [
            ast.Compare(ast.Name(name, ast.Load()), [ast.IsNot()], [ast.Constant(None)]) for name in names
        ]
        return ast.copy_location(ast.BoolOp(ast.And(), [*present, node]), node)


def _truths(tree: ast.Expression) -> Iterator[ast.expr]:
    """What is asked whether it is true: the whole, and what stands beside `and`, `or` and `not`."""
    yield tree.body
    for node in ast.walk(tree):
        if isinstance(node, ast.BoolOp):
            yield from node.values
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield node.operand


def _is_truth(node: ast.expr) -> bool:
    """Whether it can be one thing or the other: no number, text or list."""
    is_not = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
    return is_not or isinstance(node, ast.BoolOp | ast.Compare | ast.Name)


def _has_value_for_minus(node: ast.AST) -> bool:
    """Whether a minus stands before a number, as nothing is computed of columns."""
    if not (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)):
        return True
    value = node.operand.value if isinstance(node.operand, ast.Constant) else None
    return isinstance(value, int | float) and not isinstance(value, bool)


def _refused(text: str) -> UserError:
    return UserError(f"corpus.where must be a condition on columns. Received: {text}", _HINT)


def _pairs(comparison: ast.Compare) -> Iterator[tuple[str, ast.expr]]:
    """Columns with what they are compared with."""
    sides = [comparison.left, *comparison.comparators]
    for left, right in pairwise(sides):
        for name, value in ((left, right), (right, left)):
            if isinstance(name, ast.Name):
                yield name.id, value


def _ordered_pairs(comparison: ast.Compare) -> Iterator[tuple[str, str]]:
    """Columns that stand on both sides of <, <=, > or >=."""
    sides = [comparison.left, *comparison.comparators]
    for (left, right), operator in zip(pairwise(sides), comparison.ops, strict=True):
        is_ordering = isinstance(operator, ast.Lt | ast.LtE | ast.Gt | ast.GtE)
        if is_ordering and isinstance(left, ast.Name) and isinstance(right, ast.Name):
            yield left.id, right.id


def _asks_for_identity_of_a_truth(comparison: ast.Compare) -> bool:
    """Whether each `is` has None, True or False on one side: of other values it says nothing."""
    sides = [comparison.left, *comparison.comparators]
    return all(
        any(_is_none(side) or _is_boolean(side) for side in pair)
        for pair, operator in zip(pairwise(sides), comparison.ops, strict=True)
        if isinstance(operator, ast.Is | ast.IsNot)
    )


def _is_in_a_single_value(comparison: ast.Compare) -> bool:
    """Whether a column stands before `in` and a text or number behind: `('en')` is no list, and has 'e' in it."""
    sides = [comparison.left, *comparison.comparators]
    return any(
        isinstance(operator, ast.In | ast.NotIn)
        and isinstance(left, ast.Name)
        and isinstance(right, ast.Constant)
        for (left, right), operator in zip(pairwise(sides), comparison.ops, strict=True)
    )


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _is_boolean(value: ast.expr) -> bool:
    if isinstance(value, ast.List | ast.Tuple):
        return bool(value.elts) and all(map(_is_boolean, value.elts))
    return isinstance(value, ast.Constant) and isinstance(value.value, bool)


def _is_numeric(value: ast.expr) -> bool:
    if isinstance(value, ast.List | ast.Tuple):
        return bool(value.elts) and all(map(_is_numeric, value.elts))
    if isinstance(value, ast.UnaryOp):
        return _is_numeric(value.operand)
    return (
        isinstance(value, ast.Constant)
        and isinstance(value.value, int | float)
        and not isinstance(value.value, bool)
    )
