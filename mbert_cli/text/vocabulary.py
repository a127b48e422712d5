"""The WordPiece vocabulary: read from a file, trained on texts, written to a file."""

import hashlib
import string
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeGuard

import numpy as np

from mbert_cli.errors import UserError
from mbert_cli.home import hint_of_home
from mbert_cli.text.matched_tokens import MatchedToken, digest_matched, load_matched, save_matched
from mbert_cli.text.text_files import read_lines

VOCABULARY_FILE = "vocab.txt"
"""Name of the file with a token per line, ours and that of Hugging Face and TF1."""

PAD, UNKNOWN, CLS, SEP, MASK = "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"
RESERVED = (PAD, UNKNOWN, CLS, SEP, MASK)
CONTINUATION = "##"
LEADING_TOKENS = (PAD, *(f"[unused{i}]" for i in range(99)), UNKNOWN, CLS, SEP, MASK)
"""First tokens of a trained vocabulary: the reserved ones at the ids they have in BERT's."""


@dataclass(frozen=True)
class Vocabulary:
    """Tokens in the order of their ids.

    Args:
        tokens: Distinct tokens, the five of `RESERVED` among them; `##` begins a piece that continues a word.
        lowercase: Text is lower-cased and stripped of accents before it is cut into pieces.
        matched: Those of the tokens that are matched in a text before it is cut into words.
    """

    tokens: tuple[str, ...]
    lowercase: bool = True
    matched: tuple[MatchedToken, ...] = ()

    @property
    def size(self) -> int:
        """Number of tokens, and rows of an embedding table."""
        return len(self.tokens)

    @cached_property
    def ids(self) -> dict[str, int]:
        """Id of each token."""
        return {token: index for index, token in enumerate(self.tokens)}

    @property
    def pad_id(self) -> int:
        """Id of `[PAD]`, always 0."""
        return self.ids[PAD]

    @property
    def unknown_id(self) -> int:
        """Id of `[UNK]`."""
        return self.ids[UNKNOWN]

    @property
    def cls_id(self) -> int:
        """Id of `[CLS]`."""
        return self.ids[CLS]

    @property
    def sep_id(self) -> int:
        """Id of `[SEP]`."""
        return self.ids[SEP]

    @property
    def mask_id(self) -> int:
        """Id of `[MASK]`."""
        return self.ids[MASK]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the tokens joined by newlines, and of how some are matched, in hexadecimal."""
        digest = hashlib.sha256("\n".join(self.tokens).encode())
        if self.matched:  # without them it is the digest of earlier versions, whose runs still open
            digest.update(digest_matched(self.matched).encode())
        return digest.hexdigest()

    @cached_property
    def outside(self) -> frozenset[int]:
        """Ids of matched tokens that no word is cut into."""
        return frozenset(token.id for token in self.matched if not token.is_word)

    @cached_property
    def ordinary_ids(self) -> np.ndarray:
        """Ids of the tokens that text consists of: neither reserved nor `[unused…]`. (tokens,) int32."""
        ordinary = [
            index
            for index, token in enumerate(self.tokens)
            if token not in RESERVED and not token.startswith("[unused")
        ]
        return np.array(ordinary, np.int32)

    @cached_property
    def is_continuation(self) -> np.ndarray:
        """True for ids whose token continues a word (`##`). (size,) bool."""
        continues = np.array([token.startswith(CONTINUATION) for token in self.tokens])
        continues[list(self.outside)] = False
        return continues

    def save(self, path: str | Path) -> None:
        """Writes one token per line, UTF-8, LF, and beside it how some are matched.

        A matched token that no line can hold, such as a line break, is written under another name.
        """
        lines = [
            f"[line{index}]" if index in self.outside and not fits_a_line(token) else token
            for index, token in enumerate(self.tokens)
        ]
        Path(path).write_bytes(("\n".join(lines) + "\n").encode())
        save_matched(Path(path).parent, self.matched)


def load_vocabulary(path: str | Path, lowercase: bool) -> Vocabulary:
    """Reads a `vocab.txt`, one token per line, UTF-8, and what `save` wrote beside it.

    Raises:
        UserError: The file is missing, empty or not UTF-8, repeats a token, lacks a reserved token, or
            does not begin with `[PAD]`; or the file beside it is damaged.
    """
    tokens = read_tokens(path)
    check_reserved(tokens, path)
    matched = load_matched(Path(path).parent, len(tokens))
    names = {token.id: token.content for token in matched if not token.is_word}
    return Vocabulary(
        tuple(names.get(index, token) for index, token in enumerate(tokens)), lowercase, matched
    )


_HINT = "Set vocabulary.file to a BERT vocab.txt, or to null to train one on the corpus."


def read_tokens(path: str | Path, hint: str = _HINT) -> tuple[str, ...]:
    """Reads the distinct tokens of a `vocab.txt`, whichever they are.

    Raises:
        UserError: The file is missing, empty or not UTF-8, or repeats a token.
    """
    tokens = tuple(_read_lines(Path(path), hint))
    if not tokens:
        raise UserError(f"A vocabulary must have tokens. Received: the empty file {path}", hint)
    seen: dict[str, int] = {}
    for line, token in enumerate(tokens, start=1):
        if is_blank(token):
            raise UserError(
                "Each line of a vocabulary must hold a token. "
                f"Received: line {line} of {path}, which is empty",
                hint,
            )
        if token in seen:
            raise UserError(
                f"The tokens of a vocabulary must be distinct. "
                f"Received: {token!r} in lines {seen[token]} and {line} of {path}",
                hint,
            )
        seen[token] = line
    return tokens


def check_reserved(tokens: tuple[str, ...], path: str | Path, hint: str = _HINT) -> None:
    """Refuses tokens that lack a reserved one, or begin with another one than `[PAD]`.

    Raises:
        UserError: They do.
    """
    missing = [token for token in RESERVED if token not in tokens]
    if missing:
        raise UserError(
            f"A vocabulary must have the tokens {', '.join(RESERVED)}. "
            f"Received: {path} without {', '.join(missing)}",
            hint,
        )
    if tokens[0] != PAD:
        raise UserError(
            f"The first token of a vocabulary must be {PAD}, since padding is id 0. "
            f"Received: {tokens[0]!r} in {path}",
            hint,
        )


def fits_a_line(token: object) -> TypeGuard[str]:
    """Whether a vocabulary file can hold a token, and gives it back."""
    return is_unicode(token) and not is_blank(token) and "\n" not in token and "\r" not in token


def is_unicode(text: object) -> TypeGuard[str]:
    """Whether it is text without halves of surrogate pairs."""
    return isinstance(text, str) and not any("\ud800" <= char <= "\udfff" for char in text)


def is_blank(token: str) -> bool:
    """Whether a token is blank; white space beyond ASCII may be a token."""
    return not token.strip(string.whitespace)


def train_vocabulary(texts: Iterable[str], size: int, lowercase: bool) -> Vocabulary:
    """Trains WordPiece on texts; the same texts in the same order give the same vocabulary.

    Args:
        texts: Texts of any length; all of them are held in memory.
        size: Tokens wanted, the 104 leading ones included; short texts may give fewer.
        lowercase: Lower-case and strip accents first.

    Raises:
        UserError: The texts have no character that a vocabulary could hold.
    """
    # Imported here: `mbert --help` and the other readers of a vocabulary do not need the trainer.
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    texts, alphabet = _fold(list(texts), lowercase, limit=min(1000, size // 4))
    if not alphabet:
        raise UserError(
            "A vocabulary must be trained on text. Received: a corpus without a letter",
            "Set the keys of the section corpus to text; `mbert recipe explain corpus` lists them.",
        )
    tokenizer = Tokenizer(models.WordPiece({}, unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()

    def joins_words(char: str) -> bool:  # punctuation and Chinese characters stand alone
        text = tokenizer.normalizer.normalize_str(f"a{char}a")
        return len(tokenizer.pre_tokenizer.pre_tokenize_str(text)) == 1

    # The trainer numbers single characters in the order of a hash table, and equal pairs by those numbers,
    # so two runs differ. Given as special tokens, in order, characters have fixed numbers.
    special = [*LEADING_TOKENS, *alphabet, *(CONTINUATION + c for c in alphabet if joins_words(c))]
    trainer = trainers.WordPieceTrainer(
        vocab_size=max(size, len(special)), special_tokens=special, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    numbered = tokenizer.get_vocab()
    return Vocabulary(tuple(sorted(numbered, key=numbered.__getitem__)), lowercase)


def _read_lines(path: Path, hint: str) -> list[str]:
    try:
        return [line for _, line in read_lines(path)]
    except UserError as error:
        raise UserError(
            error.message.replace("A text file", "A vocabulary", 1), hint_of_home(path) or hint
        ) from error


def _fold(texts: list[str], lowercase: bool, limit: int) -> tuple[list[str], list[str]]:
    """The texts as the tokenizer will see them, without their rarest characters, and the sorted rest."""
    from tokenizers import normalizers

    counts = _count_characters(texts)
    normalizer = normalizers.BertNormalizer(handle_chinese_chars=False, lowercase=lowercase)
    folded = {char: normalizer.normalize_str(char) for char in counts}
    frequency: dict[str, int] = {}
    for char, count in counts.items():
        for piece in folded[char].replace(" ", ""):
            frequency[piece] = frequency.get(piece, 0) + count
    kept = set(sorted(frequency, key=lambda char: (-frequency[char], char))[:limit]) | {" "}
    table = {
        ord(char): result if kept.issuperset(result) else " "
        for char, result in folded.items()
        if result != char or char not in kept
    }
    return [text.translate(table) for text in texts] if table else texts, sorted(kept - {" "})


def _count_characters(texts: list[str]) -> dict[str, int]:
    counts = np.zeros(0x110000, np.int64)
    for start in range(0, len(texts), 1000):
        codes = "".join(texts[start : start + 1000]).encode("utf-32-le", "surrogatepass")
        counts += np.bincount(np.frombuffer(codes, np.uint32), minlength=len(counts))
    return {chr(code): int(counts[code]) for code in np.flatnonzero(counts) if not chr(code).isspace()}
