"""The tokens that another project's tokenizer matches before it cuts words.

Hugging Face has kept them in four files over the years. They are read here in the order of `transformers` 5, and
its library numbers them, so that ids and settings are those it would use.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer, models, normalizers

from mbert_cli.errors import UserError
from mbert_cli.text.matched_tokens import MatchedToken
from mbert_cli.text.vocabulary import CLS, MASK, PAD, SEP, UNKNOWN, is_unicode

TOKENIZER = "tokenizer.json"
TOKENIZER_CONFIGURATION = "tokenizer_config.json"
ADDED = "added_tokens.json"
SPECIAL = "special_tokens_map.json"

RESERVED_NAMES = {
    "unk_token": UNKNOWN, "sep_token": SEP, "pad_token": PAD, "cls_token": CLS, "mask_token": MASK,
}  # fmt: skip
"""What Hugging Face calls the reserved tokens; its classes of BERT match these unless a file says otherwise."""

SPECIAL_NAMES = ("bos_token", "eos_token", *RESERVED_NAMES)
GENERIC_CLASSES = {"PreTrainedTokenizerFast", "TokenizersBackend"}
"""Classes that do what tokenizer.json says, and match no token of their own."""

_EXTRA, _OLD_EXTRA, _DECODER = "extra_special_tokens", "additional_special_tokens", "added_tokens_decoder"
FILES_HINT = "Put the tokenizer's files that were published with the weights into the folder."

Special = str | AddedToken


@dataclass(frozen=True)
class TokenizerFiles:
    """The contents of a tokenizer's files; empty where a file is missing.

    Attributes:
        folder: Where they lie.
        configuration: tokenizer_config.json.
        tokenizer: tokenizer.json.
        special: special_tokens_map.json.
        added: added_tokens.json.
    """

    folder: Path
    configuration: Mapping[str, Any]
    tokenizer: Mapping[str, Any]
    special: Mapping[str, Any]
    added: Mapping[str, Any]

    @property
    def is_generic(self) -> bool:
        """Whether tokenizer.json alone says what the tokenizer does."""
        return bool(self.tokenizer) and self.configuration.get("tokenizer_class") in GENERIC_CLASSES


@dataclass(frozen=True)
class _Declared:
    """What the files say.

    Attributes:
        by_id: Tokens with ids.
        named: Special tokens by their names.
        extra: Special tokens without a name.
    """

    by_id: dict[int, AddedToken]
    named: dict[str, Special]
    extra: list[Special]


def find_matched(files: TokenizerFiles, words: tuple[str, ...], lowercase: bool) -> tuple[MatchedToken, ...]:
    """The tokens that are matched in a text, in the order of their ids.

    Args:
        files: The tokenizer.
        words: Tokens that words are cut into, in the order of their ids.
        lowercase: Text is lower-cased and stripped of accents.

    Raises:
        UserError: A file is damaged, or a reserved token has another name than BERT's.
    """
    declared = _read_declared(files)
    _require_reserved(declared.named, files)
    tokenizer = Tokenizer(models.WordPiece({token: index for index, token in enumerate(words)}))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    if files.is_generic:
        tokenizer.add_tokens(list(_tokens_of_file(files).values()))
    tokenizer.add_tokens(_to_add(declared, tokenizer))
    known, splits = set(words), _splits_special(files)
    return tuple(
        MatchedToken(
            index, token.content, token.single_word, token.lstrip, token.rstrip, token.normalized, token.special,
            is_word=token.content in known, is_text=token.special and splits,
        )
        for index, token in sorted(tokenizer.get_added_tokens_decoder().items())
    )  # fmt: skip


def declared_ids(files: TokenizerFiles) -> list[tuple[object, object, Path]]:
    """Tokens with the ids that the files give them, and the file that does."""
    decoder = _decoder(files.configuration, files.folder / TOKENIZER_CONFIGURATION)
    return [
        *(
            (_content(token), _number(index), files.folder / TOKENIZER_CONFIGURATION)
            for index, token in decoder.items()
        ),
        *((_content(token), token.get("id"), files.folder / TOKENIZER) for token in _entries(files)),
        *((token, index, files.folder / ADDED) for token, index in files.added.items()),
    ]


def _to_add(declared: _Declared, tokenizer: Tokenizer) -> list[AddedToken]:
    """What is added to a tokenizer, in the order in which transformers adds it."""
    there = {token.content for token in tokenizer.get_added_tokens_decoder().values()}
    tokens: list[Special] = [declared.by_id[index] for index in sorted(declared.by_id)]
    there.update(_content(token) for token in tokens)
    for token in (*declared.named.values(), *declared.extra):
        if _content(token) not in there:
            there.add(_content(token))
            tokens.append(token)
    names = {_content(token) for token in declared.named.values()}
    return [_as_added(token, _content(token) in names) for token in tokens]


def _as_added(token: Special, has_name: bool) -> AddedToken:
    if isinstance(token, str):
        return AddedToken(token, special=True)
    token.special = token.special or has_name
    return token


def _read_declared(files: TokenizerFiles) -> _Declared:
    """All three, by the rules of transformers 5: what lists tokens with ids in the configuration replaces the rest."""
    values = dict(files.configuration)
    if not values.get(_EXTRA):
        _rename_extra(values)
    by_id: dict[int, AddedToken] = {}
    if _DECODER in values:
        for index, token in _decoder(values, files.folder / TOKENIZER_CONFIGURATION).items():
            by_id[_number(index)] = _read_token(token, files.folder / TOKENIZER_CONFIGURATION)
    else:
        _merge_special(values, files)
        extra = {_content(token) for token in _list_extra(values, files)}
        path = files.folder / SPECIAL
        named = {_content(_read_special(values[name], path)) for name in SPECIAL_NAMES if values.get(name)}
        special = named | extra
        for token, index in files.added.items():
            by_id[index] = AddedToken(token, normalized=token not in special, special=token in special)
        by_id |= _tokens_of_file(files)
    if _EXTRA not in values:
        _rename_extra(values)
    return _Declared(by_id, _read_named(values, by_id, files), _list_extra(values, files))


def _rename_extra(values: dict[str, Any]) -> None:
    if _OLD_EXTRA in values:
        values[_EXTRA] = values.pop(_OLD_EXTRA)


def _merge_special(values: dict[str, Any], files: TokenizerFiles) -> None:
    for name, value in files.special.items():
        if name == _EXTRA and isinstance(value, list):
            value = [*(values.get(_EXTRA) or ()), *value]
        elif name != _EXTRA and isinstance(value, dict):
            value = _read_token(value, files.folder / SPECIAL, special=True)
        values[name] = value


def _read_named(
    values: Mapping[str, Any], by_id: Mapping[int, AddedToken], files: TokenizerFiles
) -> dict[str, Special]:
    """Special tokens with names: those that the class has, and all whose key ends in `_token`."""
    usual: dict[str, Any] = {} if files.is_generic else dict(RESERVED_NAMES)
    padding = files.tokenizer.get("padding")
    if files.is_generic and isinstance(padding, dict):
        usual = {"pad_token": padding.get("pad_token")}
    found = {name: values.get(name, usual.get(name)) for name in SPECIAL_NAMES}
    found |= {
        name: value for name, value in values.items() if name not in SPECIAL_NAMES and _is_named(name, value)
    }
    if isinstance(values.get(_EXTRA), dict):
        found |= values[_EXTRA]
    settings = {token.content: token for token in by_id.values()}
    path = files.folder / TOKENIZER_CONFIGURATION
    named = {name: _read_special(value, path) for name, value in found.items() if value is not None}
    return {name: settings.get(_content(token), token) for name, token in named.items()}


def _is_named(name: str, value: object) -> bool:
    if isinstance(value, dict):
        value = value.get("__type")
    return name.endswith("_token") and isinstance(value, str | AddedToken)


def _list_extra(values: Mapping[str, Any], files: TokenizerFiles) -> list[Special]:
    extra = values.get(_EXTRA) or []
    if isinstance(extra, dict):
        return []
    if not isinstance(extra, list):
        raise _damaged(extra, files.folder / TOKENIZER_CONFIGURATION)
    return [_read_special(token, files.folder / TOKENIZER_CONFIGURATION) for token in extra]


def _require_reserved(named: Mapping[str, Special], files: TokenizerFiles) -> None:
    for name, usual in RESERVED_NAMES.items():
        token = _content(named.get(name, usual))
        if token != usual:
            raise UserError(
                f"A tokenizer's {name} must be {usual}. Received: {token} in {files.folder}",
                "mbert marks texts as BERT does, and such a model would be fed other tokens than it was trained on.",
            )


def _entries(files: TokenizerFiles) -> list[Mapping[str, Any]]:
    entries = files.tokenizer.get("added_tokens") or []
    if not isinstance(entries, list) or not all(isinstance(token, dict) for token in entries):
        raise _damaged(entries, files.folder / TOKENIZER)
    return entries


def _tokens_of_file(files: TokenizerFiles) -> dict[int, AddedToken]:
    return {token["id"]: _read_token(token, files.folder / TOKENIZER) for token in _entries(files)}


def _decoder(configuration: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    decoder = configuration.get(_DECODER) or {}
    if not isinstance(decoder, dict):
        raise _damaged(decoder, path)
    return decoder


def _splits_special(files: TokenizerFiles) -> bool:
    splits = files.configuration.get("split_special_tokens")
    if splits is not None and not isinstance(splits, bool):
        raise UserError(
            "A tokenizer's split_special_tokens must be true or false. "
            f"Received: {splits!r} in {files.folder / TOKENIZER_CONFIGURATION}",
            FILES_HINT,
        )
    return bool(splits)


def _read_special(value: object, path: Path) -> Special:
    if isinstance(value, str):
        _read_token({"content": value}, path)
        return value
    return value if isinstance(value, AddedToken) else _read_token(value, path, special=True)


def _read_token(value: object, path: Path, **changes: bool) -> AddedToken:
    """An `AddedToken` of its settings as JSON has them."""
    settings: dict[str, Any] = {**(value if isinstance(value, dict) else {}), **changes}
    content = settings.get("content")
    flags = {name: settings[name] for name in _FLAGS if settings.get(name) is not None}
    if not is_unicode(content) or not all(isinstance(flag, bool) for flag in flags.values()):
        raise _damaged(value, path)
    return AddedToken(content, **flags)


_FLAGS = ("single_word", "lstrip", "rstrip", "normalized", "special")


def _content(token: object) -> Any:
    if isinstance(token, dict):
        return token.get("content")
    return token.content if isinstance(token, AddedToken) else token


def _number(index: object) -> Any:
    """An id that JSON's keys can only hold as text."""
    return int(index) if isinstance(index, str) and index.isdecimal() else index


def _damaged(value: object, path: Path) -> UserError:
    return UserError(
        "An added token must be text, with true or false for each of its settings. "
        f"Received: {value!r} in {path}",
        FILES_HINT,
    )
