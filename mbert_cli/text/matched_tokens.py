"""Tokens that are matched in a text before it is cut into words, and the file that keeps them.

Vocabularies of other projects have them: tokens that were added to a tokenizer, and `[SEP]` and the like. Beside
`vocab.txt`, which holds every token, lies `matched_tokens.json`, which says how each of them is matched. A vocabulary
without that file has none: there `[SEP]` typed in a text is text.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from mbert_cli.errors import UserError
from mbert_cli.json_text import read_json, write_json
from mbert_cli.word_lists import listed

MATCHED_TOKENS_FILE = "matched_tokens.json"
MATCHED_TOKENS_FORMAT = 1


@dataclass(frozen=True)
class MatchedToken:
    """One token, with the settings that Hugging Face's `AddedToken` has.

    Args:
        id: Its id.
        content: What is matched in the text.
        single_word: Only where no letter, digit or underscore touches it.
        lstrip: White space before it belongs to it.
        rstrip: White space after it belongs to it.
        normalized: Matched after the text was lower-cased and stripped of accents, as far as the vocabulary does
            that, and in the content itself likewise; else in the text as it was typed.
        special: Has a part of its own in the model, as `[SEP]` has.
        is_word: Words are cut into it too, as it is among the tokens that the vocabulary had before.
        is_text: Typed in a text it is text all the same: its tokenizer splits special tokens, or another token is
            the same once both are normalized.
    """

    id: int
    content: str
    single_word: bool = False
    lstrip: bool = False
    rstrip: bool = False
    normalized: bool = True
    special: bool = False
    is_word: bool = False
    is_text: bool = False


def save_matched(directory: Path, matched: Sequence[MatchedToken]) -> None:
    """Writes `matched_tokens.json`, if there is anything to write."""
    if matched:
        content = {"format": MATCHED_TOKENS_FORMAT, "matched": [asdict(token) for token in matched]}
        write_json(directory / MATCHED_TOKENS_FILE, content)


def load_matched(directory: Path, size: int) -> tuple[MatchedToken, ...]:
    """Reads `matched_tokens.json`; none if there is no such file.

    Args:
        directory: Where it lies.
        size: Tokens of the vocabulary beside it.

    Raises:
        UserError: It is not what `save_matched` wrote.
    """
    path = directory / MATCHED_TOKENS_FILE
    if not path.exists():
        return ()
    try:
        content = read_json(path)
        if content["format"] != MATCHED_TOKENS_FORMAT:
            raise ValueError(f"format {content['format']!r}")
        return tuple(_read_token(entry, size) for entry in content["matched"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UserError(
            f"{MATCHED_TOKENS_FILE} must say which tokens of the vocabulary beside it are matched before words "
            f"are cut. Received: {path} ({error})",
            "Restore the file from the run that the vocabulary comes from.",
        ) from error


def digest_matched(matched: Sequence[MatchedToken]) -> str:
    """SHA-256 of the tokens with all their settings, in hexadecimal."""
    content = json.dumps([asdict(token) for token in matched], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def splits_special(matched: Sequence[MatchedToken]) -> bool:
    """Whether special tokens typed in a text are text: all of them are, or none."""
    special = [token for token in matched if token.special]
    return bool(special) and all(token.is_text for token in special)


def describe_matched(matched: Sequence[MatchedToken], shown: int = 9) -> str:
    """The tokens that are found in texts, as a person reads them; most of a long list are counted only."""
    found = [token.content for token in matched if not token.is_text]
    names = [content if content.isprintable() else repr(content) for content in found]
    return listed(names, shown)


def _read_token(entry: Mapping[str, Any], size: int) -> MatchedToken:
    token = MatchedToken(**entry)
    for field in fields(token):
        if type(getattr(token, field.name)) is not field.type:
            raise ValueError(f"{field.name} {getattr(token, field.name)!r}")
    if not 0 <= token.id < size:
        raise ValueError(f"id {token.id} in a vocabulary of {size:,} tokens")
    return token
