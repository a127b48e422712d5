"""The vocabulary of another project's model, and a refusal of tokenizers that cut words where BERT does not."""

import json
from collections.abc import Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

from mbert_cli.data.vocabulary import CONTINUATION, UNKNOWN, Vocabulary, check_reserved, is_blank, read_tokens
from mbert_cli.errors import UserError

VOCABULARY = "vocab.txt"
TOKENIZER = "tokenizer.json"
CONFIGURATION = "tokenizer_config.json"
ADDED = "added_tokens.json"

CLASSES = {
    *(f"{family}Tokenizer{end}" for family in ("Bert", "DistilBert", "MobileBert") for end in ("", "Fast")),
    "PreTrainedTokenizerFast",
    "TokenizersBackend",
}
"""Classes of Hugging Face that cut words as BERT does, or as tokenizer.json says."""

SETTINGS = {
    "tokenizer_class": CLASSES,
    "do_basic_tokenize": {True},
    "tokenize_chinese_chars": {True},
}
"""What tokenizer_config.json may say."""

PARTS = {
    "model": {
        "type": {"WordPiece"},
        "unk_token": {UNKNOWN},
        "continuing_subword_prefix": {CONTINUATION},
        "max_input_chars_per_word": {100},
    },
    "normalizer": {"type": {"BertNormalizer"}, "clean_text": {True}, "handle_chinese_chars": {True}},
    "pre_tokenizer": {"type": {"BertPreTokenizer"}},
}
"""What the parts of tokenizer.json may say."""

_HINT = "Put the tokenizer's files that were published with the weights into the folder."
_CANNOT = "mbert cuts words as BERT does, and such a model would be fed other tokens than it was trained on."


def find_vocabulary(folder: Path, vocab_size: int) -> Vocabulary:
    """Reads the tokens in the order of their ids, and whether text is lower-cased first.

    The tokens are those of vocab.txt or tokenizer.json, which must agree where both are there, and those that
    were added to them. Whether to lower-case is read from the tokenizer's own files, else from the tokens: no
    upper case in them means that there is none in the text.

    Args:
        folder: Folder of the checkpoint.
        vocab_size: Rows of the word table, which may have some beyond the vocabulary.

    Raises:
        UserError: There is no vocabulary, it is damaged or longer than the word table, or the
            tokenizer is none of BERT's.
    """
    configuration, tokenizer = _read_json(folder / CONFIGURATION), _read_json(folder / TOKENIZER)
    _check_settings(configuration, SETTINGS, "", folder / CONFIGURATION)
    for part, settings in PARTS.items():
        if part in tokenizer:
            found = tokenizer[part] if isinstance(tokenizer[part], dict) else {"type": tokenizer[part]}
            _check_settings(found, settings, f"{part} ", folder / TOKENIZER)
    tokens, path = _find_tokens(folder, tokenizer)
    check_reserved(tokens, path, _HINT)
    if len(tokens) > vocab_size:
        raise UserError(
            f"The vocabulary must have at most as many tokens as the word table has rows, {vocab_size:,}. "
            f"Received: {len(tokens):,} in {folder}",
            "Put the vocabulary that was published with the weights into the folder.",
        )
    return Vocabulary(
        tokens, _find_lowercase(configuration, tokenizer.get("normalizer") or {}, tokens, folder)
    )


def _find_tokens(folder: Path, tokenizer: Mapping[str, Any]) -> tuple[tuple[str, ...], Path]:
    """All tokens, and the file that most of them are from."""
    text, json_file = folder / VOCABULARY, folder / TOKENIZER
    vocabulary = tokenizer.get("model", {}).get("vocab")
    if not text.is_file() and vocabulary is None:
        raise UserError(
            f"A checkpoint needs its vocabulary, {VOCABULARY} or {TOKENIZER}. Received: {folder}",
            "Put the file that was published with it into the folder.",
        )
    lines = read_tokens(text, _HINT) if text.is_file() else ()
    if vocabulary is None:
        return _in_order([(token, index, text) for index, token in enumerate(lines)], folder), text
    if not isinstance(vocabulary, dict):
        raise UserError(
            "The vocab of a tokenizer's model must be tokens with their ids. "
            f"Received: {type(vocabulary).__name__} in {json_file}",
            _CANNOT,
        )
    added = [token for token in tokenizer.get("added_tokens") or () if isinstance(token, dict)]
    entries = [*vocabulary.items(), *((token.get("content"), token.get("id")) for token in added)]
    tokens = _in_order([(token, index, json_file) for token, index in entries], folder)
    if lines:
        _check_same(lines, tokens[: max(len(lines), len(vocabulary))], folder)
    return tokens, text if lines else json_file


def _check_same(lines: tuple[str, ...], tokens: tuple[str, ...], folder: Path) -> None:
    """Refuses a vocab.txt that is not tokenizer.json's vocabulary, with or without what was added to it."""
    for index, (one, other) in enumerate(zip_longest(lines, tokens)):
        if one != other:
            one, other = ("no token" if token is None else repr(token) for token in (one, other))
            raise UserError(
                f"{VOCABULARY} and {TOKENIZER} must have the same tokens. Received: id {index} is "
                f"{one} in {folder / VOCABULARY} and {other} in {folder / TOKENIZER}",
                "Remove the file that the weights were not trained with.",
            )


def _in_order(entries: list[tuple[object, object, Path]], folder: Path) -> tuple[str, ...]:
    """Tokens by their ids, which must be 0, 1, 2 and so on.

    Args:
        entries: Tokens with their ids and the file that says so; the same more than once does no harm.
        folder: What added_tokens.json is read from, if there is one.
    """
    path = folder / ADDED
    tokens: dict[int, str] = {}
    ids: dict[str, int] = {}
    for token, index, source in [*entries, *((*entry, path) for entry in _read_json(path).items())]:
        _check_entry(token, index, source)
        if ids.setdefault(token, index) != index:
            raise UserError(
                f"A token must have one id. Received: {token!r} with {ids[token]} and {index} in {source}",
                _HINT,
            )
        if tokens.setdefault(index, token) != token:
            raise UserError(
                "An id must belong to one token. "
                f"Received: {tokens[index]!r} and {token!r} with id {index} in {source}",
                _HINT,
            )
    gap = next((index for index in range(len(tokens)) if index not in tokens), None)
    if gap is not None:
        raise UserError(
            "The ids of tokens must be 0, 1, 2 and so on. "
            f"Received: {len(tokens):,} tokens without id {gap} in {folder}",
            _HINT,
        )
    return tuple(tokens[index] for index in range(len(tokens)))


def _check_entry(token: object, index: object, path: Path) -> None:
    if type(index) is not int or index < 0:
        raise UserError(
            f"The id of a token must be a number from 0. Received: {index!r} for {token!r} in {path}", _HINT
        )
    if not _fits_a_line(token):
        raise UserError(
            "A token must be text that fits a line of a vocabulary. "
            f"Received: {token!r} with id {index} in {path}",
            _HINT,
        )


def _fits_a_line(token: object) -> bool:
    """Whether a vocabulary file can hold a token, and gives it back."""
    if not isinstance(token, str) or is_blank(token):
        return False
    is_unicode = not any("\ud800" <= char <= "\udfff" for char in token)
    return is_unicode and "\n" not in token and "\r" not in token


def _check_settings(
    found: Mapping[str, Any], allowed: Mapping[str, set[object]], part: str, path: Path
) -> None:
    """Refuses what is set and not allowed; null stands for the usual, but as a part's type."""
    for key, values in allowed.items():
        value = found.get(key)
        if key not in found or (value is None and key != "type"):
            continue
        if not isinstance(value, str | bool | int) or value not in values:
            wanted = "one of BERT's" if len(values) > 1 else _show_setting(*values)
            raise UserError(
                f"A tokenizer's {part}{key} must be {wanted}. Received: {_show_setting(value)} in {path}",
                _CANNOT,
            )


def _show_setting(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _find_lowercase(
    configuration: Mapping[str, Any], normalizer: Mapping[str, Any], tokens: tuple[str, ...], folder: Path
) -> bool:
    named = _read_boolean(configuration, "do_lower_case", folder / CONFIGURATION)
    built = _read_boolean(normalizer, "lowercase", folder / TOKENIZER)
    if named is not None and built is not None and named != built:
        raise UserError(
            f"{CONFIGURATION} and {TOKENIZER} must agree on lower-casing. "
            f"Received: do_lower_case {json.dumps(named)} in {folder / CONFIGURATION} "
            f"and lowercase {json.dumps(built)} in {folder / TOKENIZER}",
            "Correct the file that the weights were not trained with.",
        )
    lowercase = built if named is None else named
    if lowercase is None:
        lowercase = not any(token != token.lower() for token in tokens if not token.startswith("["))
    for values, name in ((configuration, CONFIGURATION), (normalizer, TOKENIZER)):
        strips = _read_boolean(values, "strip_accents", folder / name)
        if strips is not None and strips != lowercase:
            raise UserError(
                "A tokenizer must strip accents where it lower-cases, and only there. Received: "
                f"lower-casing {json.dumps(lowercase)}, strip_accents {json.dumps(strips)} in {folder}",
                "Other tokenizers cut words where mbert does not.",
            )
    return lowercase


def _read_boolean(values: Mapping[str, Any], key: str, path: Path) -> bool | None:
    value = values.get(key)
    if value is not None and not isinstance(value, bool):
        raise UserError(
            f"A tokenizer's {key} must be true or false. Received: {json.dumps(value)} in {path}", _HINT
        )
    return value


def _read_json(path: Path) -> dict[str, Any]:
    """The content of a file that may be missing."""
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise UserError(f"A tokenizer's file must be JSON. Received: {path}", "Restore it.") from error
    if not isinstance(content, dict):
        raise UserError(f"A tokenizer's file must be a JSON object. Received: {path}", "Restore it.")
    return content
