"""Which texts may hold a token that is matched before words are cut.

Such texts go to the slower library, which does the matching; so this must be quick, must miss none, and may name a
few too many. A token that is matched after normalization is looked for in the text as it was typed: each of its
characters stands for all that are folded to it, and those of which nothing is left are taken out beforehand.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache
from itertools import groupby
from typing import NamedTuple

import numpy as np
from tokenizers import normalizers

from mbert_cli.text.matched_tokens import MatchedToken
from mbert_cli.text.tokenizer_differences import may_differ

Search = Callable[[str], re.Match[str] | None]
Tree = dict[str, "Tree"]
"""Pieces of regular expressions by what comes before them; "" marks that a token ends."""

_TOGETHER = 500
"""Texts that are tried at once before each of them is."""

_LONG = 40
"""Characters of a token that are looked for; whoever has them may have the rest."""

_APART = "|"
"""A character that no normalization touches."""


class _Origins(NamedTuple):
    """Which characters of a text become which by normalization.

    Args:
        of: Those that become a character and nothing else; itself, where it is not named.
        parts_of: Those that become a character and others, as a syllable of Hangul does.
        vanishing: Finds those of which nothing is left.
    """

    of: dict[str, str]
    parts_of: dict[str, str]
    vanishing: re.Pattern[str]


def matching_search(matched: Sequence[MatchedToken], lowercase: bool) -> Callable[[str], bool]:
    """A quick test of whether a text may hold one of some tokens.

    It need not name texts with a character that `may_differ` names, which go to the slower library anyway.

    Args:
        matched: The tokens.
        lowercase: Text is lower-cased and stripped of accents before it is cut.
    """
    exact = _searches(
        [[re.escape(char) for char in token.content] for token in matched if not token.normalized]
    )
    pieces = [_pieces(token.content, lowercase) for token in matched if token.normalized]
    if not all(pieces):
        return lambda text: True  # it stands for white space or for nothing
    folded = _searches(pieces)
    if len(exact) == 1 and not folded:
        return lambda text: exact[0](text) is not None
    vanishing = _origins(lowercase).vanishing if folded else None

    def may_match(text: str) -> bool:
        if any(search(text) for search in exact):
            return True
        if vanishing and not text.isascii():
            text = vanishing.sub("", text)
        return any(search(text) for search in folded)

    return may_match


def find_texts(texts: list[str], may_match: Callable[[str], bool]) -> list[int]:
    """Places of the texts that a test of single ones names, ascending; many are tried together first."""
    found = []
    for start in range(0, len(texts), _TOGETHER):
        some = texts[start : start + _TOGETHER]
        if may_match("\n".join(some)):
            found += [row for row, text in enumerate(some, start) if may_match(text)]
    return found


def _pieces(content: str, lowercase: bool) -> list[str]:
    """Regular expressions for the characters of a token, in its normalized form and without blanks around it.

    Characters that one character may become several of are looked for together, in any order. A blank may be one
    that normalization sets around Chinese characters.
    """
    origins = _origins(lowercase)
    chars = " ".join(_normalizer(lowercase).normalize_str(content).split())
    pieces = []
    for is_part, run in groupby(chars, lambda char: char in origins.parts_of):
        if is_part:
            sources = "".join(char + origins.of.get(char, "") + origins.parts_of[char] for char in run)
            pieces.append(f"[{_escape(sources)}]+")
        else:
            pieces += [_piece(char, origins.of) for char in run]
    return pieces


def _piece(char: str, origins: dict[str, str]) -> str:
    if char == " ":
        return r"\s*"
    return f"[{_escape(char + origins[char])}]" if char in origins else re.escape(char)


def _searches(tokens: list[list[str]]) -> list[Search]:
    """Searches of which one finds something where any of the tokens is.

    The first pieces are drawn together, whichever token goes on, since `re` looks for one of many characters far
    faster than for one of many alternatives.
    """
    single = sorted({pieces[0] for pieces in tokens if len(pieces) == 1})
    longer = [pieces for pieces in tokens if len(pieces) > 1]
    patterns = [_union(single)] if single else []
    if longer:
        tree: Tree = {}
        for pieces in longer:
            _grow(tree, pieces[1:_LONG])
        patterns.append(_union(sorted({pieces[0] for pieces in longer})) + _expression(tree))
    return [re.compile(pattern).search for pattern in patterns]


def _grow(tree: Tree, pieces: list[str]) -> None:
    for piece in pieces:
        tree = tree.setdefault(piece, {})
    tree[""] = {}


def _expression(tree: Tree) -> str:
    """A regular expression for all ways through a tree to the first end of a token."""
    if "" in tree:
        return ""
    ways = [piece + _expression(tree[piece]) for piece in sorted(tree)]
    return ways[0] if len(ways) == 1 else f"(?:{'|'.join(ways)})"


def _union(pieces: list[str]) -> str:
    """One set of characters for single ones and for sets of them."""
    if len(pieces) == 1:
        return pieces[0]
    sets = [piece for piece in pieces if piece.startswith("[")]
    inside = [piece.removesuffix("+")[1:-1] for piece in sets] + [
        piece for piece in pieces if piece not in sets
    ]
    return f"[{''.join(inside)}]{'+' if any(piece.endswith('+') for piece in sets) else ''}"


@cache
def _origins(lowercase: bool) -> _Origins:
    codes = np.flatnonzero(~may_differ(lowercase))
    chars = [chr(code) for code in codes if not 0xD800 <= code < 0xE000 and chr(code) != _APART]
    results = _normalizer(lowercase).normalize_str(_APART.join(chars)).split(_APART)
    of: dict[str, str] = {}
    parts_of: dict[str, str] = {}
    vanishing = []
    for char, result in zip(chars, results, strict=True):
        if not result:
            vanishing.append(char)
        result = result.strip()
        if result != char and len(result) == 1:
            of[result] = of.get(result, "") + char
        elif result != char:
            for part in result:
                parts_of[part] = parts_of.get(part, "") + char
    return _Origins(of, parts_of, re.compile(f"[{_escape(''.join(vanishing))}]+" if vanishing else r"(?!)"))


@cache
def _normalizer(lowercase: bool) -> normalizers.BertNormalizer:
    return normalizers.BertNormalizer(lowercase=lowercase)


@cache
def _escape(chars: str) -> str:
    """Characters as the inside of a set; neighbours as ranges."""
    codes = np.unique(np.frombuffer(chars.encode("utf-32-le"), np.uint32)).astype(np.int64)
    runs = np.split(codes, np.flatnonzero(np.diff(codes) > 1) + 1)
    return "".join(f"{re.escape(chr(run[0]))}-{re.escape(chr(run[-1]))}" for run in runs)
