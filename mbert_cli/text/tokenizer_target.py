"""The vocabulary of a run as the tokenizer of another project: files of Hugging Face that give the same ids."""

from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from mbert_cli.json_text import write_json
from mbert_cli.text.added_tokens import ADDED, RESERVED_NAMES, TOKENIZER, TOKENIZER_CONFIGURATION
from mbert_cli.text.bert_wordpiece import as_added_token
from mbert_cli.text.matched_tokens import MatchedToken, splits_special
from mbert_cli.text.tokenizer_differences import MAX_WORD
from mbert_cli.text.vocabulary import CLS, RESERVED, SEP, UNKNOWN, VOCABULARY_FILE, Vocabulary


def write_tokenizer(
    folder: Path, vocabulary: Vocabulary, tokenizer_class: str, max_length: int, *, is_text: bool = True
) -> None:
    """Writes tokenizer.json, tokenizer_config.json and, for what reads no other file, vocab.txt and added_tokens.json.

    Args:
        folder: Receives the files.
        vocabulary: The vocabulary of the run.
        tokenizer_class: Class of Hugging Face, unless it would match other tokens.
        max_length: Tokens that a text may have.
        is_text: For a vocabulary that matches nothing: whether the same tokens typed in a text are text there too,
            which leaves no way to write a mask.
    """
    tokenizer = _build(vocabulary)
    words = [token for index, token in enumerate(vocabulary.tokens) if index not in vocabulary.outside]
    (folder / VOCABULARY_FILE).write_bytes(("\n".join(words) + "\n").encode())
    added = {token.content: token.id for token in vocabulary.matched if not token.is_word}
    if added:
        write_json(folder / ADDED, added)
    tokenizer.save(str(folder / TOKENIZER))
    configuration = _configure(vocabulary, tokenizer_class, is_text)
    write_json(folder / TOKENIZER_CONFIGURATION, configuration | {"model_max_length": max_length})


def _build(vocabulary: Vocabulary) -> Tokenizer:
    words = [token for index, token in enumerate(vocabulary.tokens) if index not in vocabulary.outside]
    numbered = {token: index for index, token in enumerate(words)}
    tokenizer = Tokenizer(models.WordPiece(numbered, unk_token=UNKNOWN, max_input_chars_per_word=MAX_WORD))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=vocabulary.lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{CLS}:0 $A:0 {SEP}:0",
        pair=f"{CLS}:0 $A:0 {SEP}:0 $B:1 {SEP}:1",
        special_tokens=[(CLS, vocabulary.cls_id), (SEP, vocabulary.sep_id)],
    )
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_tokens([as_added_token(token) for token in vocabulary.matched or _reserved(vocabulary)])
    return tokenizer


def _reserved(vocabulary: Vocabulary) -> list[MatchedToken]:
    """The reserved tokens as Hugging Face's classes of BERT have them; they match them whatever a file says."""
    return [
        MatchedToken(vocabulary.ids[token], token, normalized=False, special=True, is_word=True)
        for token in sorted(RESERVED, key=vocabulary.ids.__getitem__)
    ]


def _configure(vocabulary: Vocabulary, tokenizer_class: str, is_text: bool) -> dict[str, Any]:
    matched = {token.content for token in vocabulary.matched}
    names = RESERVED_NAMES
    if matched and not matched.issuperset(RESERVED):
        tokenizer_class = "PreTrainedTokenizerFast"
        names = {name: token for name, token in RESERVED_NAMES.items() if token in matched}
    extra = [token.content for token in vocabulary.matched if token.special and token.content not in RESERVED]
    return {
        "tokenizer_class": tokenizer_class,
        "do_lower_case": vocabulary.lowercase,
        **names,
        **({"extra_special_tokens": extra} if extra else {}),
        **({"split_special_tokens": True} if _splits(vocabulary, is_text) else {}),
    }


def _splits(vocabulary: Vocabulary, is_text: bool) -> bool:
    return splits_special(vocabulary.matched) if vocabulary.matched else is_text
