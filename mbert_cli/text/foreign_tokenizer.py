"""The vocabulary of another project's model."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from tokenizers import normalizers

from mbert_cli.errors import UserError
from mbert_cli.figures import counted
from mbert_cli.json_text import read_json
from mbert_cli.text.added_tokens import (
    ADDED,
    FILES_HINT,
    SPECIAL,
    TOKENIZER,
    TOKENIZER_CONFIGURATION,
    TokenizerFiles,
    declared_ids,
    find_matched,
)
from mbert_cli.text.matched_tokens import MatchedToken, describe_matched
from mbert_cli.text.tokenizer_settings import CANNOT, check_marks, check_settings, find_lowercase
from mbert_cli.text.vocabulary import (
    VOCABULARY_FILE,
    Vocabulary,
    check_reserved,
    fits_a_line,
    is_unicode,
    read_tokens,
)

MODEL_CONFIGURATION = "config.json"
"""Hugging Face's configuration of a model; a folder with it has Hugging Face's tokenizer."""


class FoundVocabulary(NamedTuple):
    """A vocabulary, and what a person should know about it.

    Args:
        vocabulary: Tokens, lower-casing, and the tokens that are matched before words are cut.
        notes: One sentence each.
    """

    vocabulary: Vocabulary
    notes: list[str]


def find_vocabulary(folder: Path, vocab_size: int) -> FoundVocabulary:
    """Reads the tokens in the order of their ids, whether text is lower-cased first, and what is matched in it.

    The tokens are those of vocab.txt or tokenizer.json, which must agree where both are there, and those that
    were added to them. Whether to lower-case is read from the tokenizer's own files, else from the tokens: no
    upper case in them means that there is none in the text. Tokens that were added, and `[SEP]` and the like, are
    matched in a text as transformers 5 would match them; BERT's own code, which a TF1 checkpoint without files of
    Hugging Face was made for, matches none.

    Args:
        folder: Folder of the checkpoint.
        vocab_size: Rows of the word table, which may have some beyond the vocabulary.

    Raises:
        UserError: There is no vocabulary, it is damaged or longer than the word table, or the
            tokenizer is not one of BERT's.
    """
    files = _read_files(folder)
    check_settings(files)
    tokens, num_words, path = _find_tokens(files)
    check_reserved(tokens, path, FILES_HINT)
    words = tokens[:num_words]
    lowercase = find_lowercase(files, words)
    matched: tuple[MatchedToken, ...] = ()
    notes: list[str] = []
    if _is_of_hugging_face(files):
        check_marks(files)
        tokens, matched, notes = _match(files, tokens, num_words, lowercase, vocab_size)
        notes += _say_case(files, lowercase)
    if len(tokens) > vocab_size:
        raise UserError(
            f"The vocabulary must have at most as many tokens as the word table has rows, {vocab_size:,}. "
            f"Received: {len(tokens):,} in {folder}",
            "Put the vocabulary that was published with the weights into the folder.",
        )
    return FoundVocabulary(Vocabulary(tokens, lowercase, matched), notes)


def _match(
    files: TokenizerFiles, tokens: tuple[str, ...], num_words: int, lowercase: bool, vocab_size: int
) -> tuple[tuple[str, ...], tuple[MatchedToken, ...], list[str]]:
    """All tokens, those that are matched, and what is left out or read in another way."""
    matched = find_matched(files, tokens[:num_words], lowercase)
    for token in matched:
        if token.id < len(tokens) and tokens[token.id] != token.content:
            raise UserError(
                "Added tokens must have the ids after those of the words, in their order. "
                f"Received: {token.content!r}, whose place is {token.id}, where {tokens[token.id]!r} is, "
                f"in {files.folder}",
                FILES_HINT,
            )
    notes = []
    left_out = [token for token in matched if num_words <= vocab_size <= token.id]
    if left_out:
        notes.append(f"left out, as the word table has no row for it: {describe_matched(left_out)}")
    held = matched[: len(matched) - len(left_out)]  # they are in the order of their ids
    added = tuple(token.content for token in held if token.id >= num_words)
    unmatched = [repr(token) for token in tokens[num_words + len(added) + len(left_out) :]]
    if unmatched:
        notes.append(f"left out, as its tokenizer matches it in no text: {', '.join(unmatched)}")
    settled, doubles = _settle_doubles(held, lowercase)
    if not added and all(token.is_text for token in settled):
        settled = ()  # nothing is matched, as in a vocabulary of our own
    return (*tokens[:num_words], *added), settled, notes + doubles


def _say_case(files: TokenizerFiles, lowercase: bool) -> list[str]:
    """Where transformers would lower-case text that keeps its case here."""
    if lowercase or files.is_generic or "do_lower_case" in files.configuration:
        return []
    source = (
        f"as {TOKENIZER} says" if files.tokenizer.get("normalizer") else "as the words of the vocabulary do"
    )
    return [
        (
            f"text keeps its case, {source}; "
            f"transformers lower-cases it unless {TOKENIZER_CONFIGURATION} has do_lower_case false"
        )
    ]


def _settle_doubles(
    matched: tuple[MatchedToken, ...], lowercase: bool
) -> tuple[tuple[MatchedToken, ...], list[str]]:
    """Lets one of several tokens be matched that normalization makes equal; transformers takes any of them.

    A token of which normalization leaves nothing is matched nowhere; `tokenizers` fails on texts that have it.
    """
    normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    forms = {token.id: normalizer.normalize_str(token.content) for token in matched if token.normalized}
    first: dict[str, MatchedToken] = {}
    for token in sorted(matched, key=lambda token: (token.content != forms.get(token.id), token.id)):
        if token.id in forms:
            first.setdefault(forms[token.id], token)
    settled, notes = [], []
    for token in matched:
        form = forms.get(token.id)
        winner = token if form is None else first[form]
        if form == "":
            notes.append(f"matched in no text, as this tokenizer takes it out of them: {token.content!r}")
        elif winner is not token:
            notes.append(
                f"read as {winner.content!r}, which is the same to this tokenizer: {token.content!r}"
            )
        is_found = winner is token and form != ""
        settled.append(token if is_found else replace(token, is_text=True))
    return tuple(settled), notes


def _read_files(folder: Path) -> TokenizerFiles:
    names = (TOKENIZER_CONFIGURATION, TOKENIZER, SPECIAL, ADDED)
    return TokenizerFiles(folder, *(_read_json(folder / name) for name in names))


def _is_of_hugging_face(files: TokenizerFiles) -> bool:
    found = files.configuration or files.tokenizer or files.special or files.added
    return bool(found) or (files.folder / MODEL_CONFIGURATION).is_file()


def _find_tokens(files: TokenizerFiles) -> tuple[tuple[str, ...], int, Path]:
    """All tokens, how many words are cut into, which come first, and the file that most are from."""
    text, json_file = files.folder / VOCABULARY_FILE, files.folder / TOKENIZER
    vocabulary = files.tokenizer.get("model", {}).get("vocab")
    if not text.is_file() and vocabulary is None:
        raise UserError(
            f"A checkpoint needs its vocabulary, {VOCABULARY_FILE} or {TOKENIZER}. Received: {files.folder}",
            "Put the file that was published with it into the folder.",
        )
    lines = read_tokens(text, FILES_HINT) if text.is_file() else ()
    if vocabulary is None:
        words = [(token, index, text) for index, token in enumerate(lines)]
        return _in_order(words, files), len(lines), text
    if not isinstance(vocabulary, dict):
        raise UserError(
            "The vocab of a tokenizer's model must be tokens with their ids. "
            f"Received: {type(vocabulary).__name__} in {json_file}",
            CANNOT,
        )
    tokens = _in_order([(token, index, json_file) for token, index in vocabulary.items()], files)
    if max(vocabulary.values(), default=-1) >= len(vocabulary):
        raise UserError(
            "The words of a tokenizer's model must have the first ids, before the tokens that were added. "
            f"Received: {len(vocabulary):,} words with ids up to {max(vocabulary.values()):,} in {json_file}",
            FILES_HINT,
        )
    if lines:
        _check_same(lines, tokens[: max(len(lines), len(vocabulary))], files.folder)
    return tokens, len(vocabulary), text if lines else json_file


def _check_same(lines: tuple[str, ...], tokens: tuple[str, ...], folder: Path) -> None:
    """Refuses a vocab.txt that is not tokenizer.json's vocabulary, with or without what was added to it."""
    for index, (one, other) in enumerate(zip_longest(lines, tokens)):
        if one != other:
            one, other = ("no token" if token is None else repr(token) for token in (one, other))
            raise UserError(
                f"{VOCABULARY_FILE} and {TOKENIZER} must have the same tokens. Received: id {index} is "
                f"{one} in {folder / VOCABULARY_FILE} and {other} in {folder / TOKENIZER}",
                "Remove the file that the weights were not trained with.",
            )


def _in_order(words: Sequence[tuple[object, object, Path]], files: TokenizerFiles) -> tuple[str, ...]:
    """Words and added tokens by their ids, which must be 0, 1, 2 and so on.

    Args:
        words: Words with their ids and the file that says so; the same more than once does no harm.
        files: What else is read.
    """
    folder = files.folder
    tokens: dict[int, str] = {}
    ids: dict[str, int] = {}
    for number, entry in enumerate([*words, *declared_ids(files)]):
        token, index, source = _checked_entry(*entry, is_word=number < len(words))
        if ids.setdefault(token, index) != index:
            raise UserError(
                f"A token must have one id. Received: {token!r} with {ids[token]} and {index} in {source}",
                FILES_HINT,
            )
        if tokens.setdefault(index, token) != token:
            raise UserError(
                "An id must belong to one token. "
                f"Received: {tokens[index]!r} and {token!r} with id {index} in {source}",
                FILES_HINT,
            )
    gap = next((index for index in range(len(tokens)) if index not in tokens), None)
    if gap is not None:
        raise UserError(
            "The ids of tokens must be 0, 1, 2 and so on. "
            f"Received: {counted(len(tokens), 'token')} without id {gap} in {folder}",
            FILES_HINT,
        )
    return tuple(tokens[index] for index in range(len(tokens)))


def _checked_entry(token: object, index: object, path: Path, is_word: bool) -> tuple[str, int, Path]:
    if type(index) is not int or index < 0:
        raise UserError(
            f"The id of a token must be a number from 0. Received: {index!r} for {token!r} in {path}",
            FILES_HINT,
        )
    if is_word and not fits_a_line(token):
        raise UserError(
            "A token must be text that fits a line of a vocabulary. "
            f"Received: {token!r} with id {index} in {path}",
            FILES_HINT,
        )
    if is_unicode(token) and token:
        return token, index, path
    raise UserError(f"An added token must be text. Received: {token!r} with id {index} in {path}", FILES_HINT)


def _read_json(path: Path) -> dict[str, Any]:
    """The content of a file that may be missing."""
    if not path.is_file():
        return {}
    try:
        content = read_json(path, "utf-8-sig")
    except ValueError as error:
        raise UserError(f"A tokenizer's file must be JSON. Received: {path}", "Restore it.") from error
    if not isinstance(content, dict):
        raise UserError(f"A tokenizer's file must be a JSON object. Received: {path}", "Restore it.")
    return content
