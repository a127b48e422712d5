"""Settings of another project's tokenizer, and a refusal of those that cut words where BERT does not."""

import json
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from mbert_cli.errors import UserError
from mbert_cli.text.added_tokens import (
    FILES_HINT,
    GENERIC_CLASSES,
    TOKENIZER,
    TOKENIZER_CONFIGURATION,
    TokenizerFiles,
)
from mbert_cli.text.vocabulary import CLS, CONTINUATION, SEP, UNKNOWN

TOKENIZER_CLASSES = {
    *(f"{family}Tokenizer{end}" for family in ("Bert", "DistilBert", "MobileBert") for end in ("", "Fast")),
    *GENERIC_CLASSES,
}
"""Classes of Hugging Face that cut words as BERT does, or as tokenizer.json says."""

TOKENIZER_SETTINGS: dict[str, Set[object]] = {
    "tokenizer_class": TOKENIZER_CLASSES,
    "do_basic_tokenize": {True},
    "tokenize_chinese_chars": {True},
}
"""What tokenizer_config.json may say."""

TOKENIZER_PARTS: dict[str, dict[str, Set[object]]] = {
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

CANNOT = "mbert cuts words as BERT does, and such a model would be fed other tokens than it was trained on."


def check_settings(files: TokenizerFiles) -> None:
    """Checks what the files say of how words are cut.

    Raises:
        UserError: They are cut in another way than by BERT.
    """
    _check_settings(files.configuration, TOKENIZER_SETTINGS, "", files.folder / TOKENIZER_CONFIGURATION)
    for part, settings in TOKENIZER_PARTS.items():
        if part in files.tokenizer:
            found = files.tokenizer[part]
            found = found if isinstance(found, dict) else {"type": found}
            _check_settings(found, settings, f"{part} ", files.folder / TOKENIZER)


def check_marks(files: TokenizerFiles) -> None:
    """Checks what stands around texts, where tokenizer.json alone says that.

    Raises:
        UserError: It is not what BERT has there.
    """
    if not files.is_generic:
        return
    path = files.folder / TOKENIZER
    parts = {"version": "1.0", "model": {"type": "WordPiece", "unk_token": UNKNOWN, "vocab": {},
             "continuing_subword_prefix": CONTINUATION, "max_input_chars_per_word": 100}}  # fmt: skip
    try:
        marks = Tokenizer.from_str(
            json.dumps(parts | {"post_processor": files.tokenizer.get("post_processor")})
        )
    except Exception as error:  # the library raises nothing narrower
        raise UserError(
            f"A tokenizer's post_processor must be readable. Received: {path} ({error})", FILES_HINT
        ) from error
    pair = marks.encode("", "")
    if pair.tokens != [CLS, SEP, SEP] or pair.type_ids != [0, 0, 1]:
        found = " ".join(
            f"{token} ({segment})" for token, segment in zip(pair.tokens, pair.type_ids, strict=True)
        )
        raise UserError(
            f"A tokenizer's post_processor must put {CLS} before two texts and {SEP} behind each, as segments "
            f"0, 0 and 1. Received: {found or 'none'} in {path}",
            CANNOT,
        )


def _check_settings(
    found: Mapping[str, Any], allowed: Mapping[str, Set[object]], part: str, path: Path
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
                CANNOT,
            )


def _show_setting(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def find_lowercase(files: TokenizerFiles, words: tuple[str, ...]) -> bool:
    """Whether text is lower-cased and stripped of accents: what the files say, else what the words show.

    Raises:
        UserError: The files disagree, or only one of the two is done.
    """
    folder, configuration = files.folder, files.configuration
    normalizer = files.tokenizer.get("normalizer") or {}
    named = _read_boolean(configuration, "do_lower_case", folder / TOKENIZER_CONFIGURATION)
    built = _read_boolean(normalizer, "lowercase", folder / TOKENIZER)
    if named is not None and built is not None and named != built:
        raise UserError(
            f"{TOKENIZER_CONFIGURATION} and {TOKENIZER} must agree on lower-casing. "
            f"Received: do_lower_case {json.dumps(named)} in {folder / TOKENIZER_CONFIGURATION} "
            f"and lowercase {json.dumps(built)} in {folder / TOKENIZER}",
            "Correct the file that the weights were not trained with.",
        )
    lowercase = built if named is None else named
    if lowercase is None:
        lowercase = not any(token != token.lower() for token in words if not token.startswith("["))
    for values, name in ((configuration, TOKENIZER_CONFIGURATION), (normalizer, TOKENIZER)):
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
            f"A tokenizer's {key} must be true or false. Received: {json.dumps(value)} in {path}", FILES_HINT
        )
    return value
