"""Token ids of large sets of texts, kept from one command to the next.

The key is a hash of all that shapes them: the texts, the vocabulary, and the libraries that cut words. A file
that is damaged is made anew; the least recently used ones go when there are too many.
"""

import contextlib
import hashlib
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mbert_cli.home import own_cache
from mbert_cli.runs.cached_files import keep_file
from mbert_cli.runs.origin import package_version
from mbert_cli.text.wordpiece import Tokenizer

CACHE_FORMAT = "2"
"""Raised whenever the same texts and libraries give other ids."""
MIN_CHARACTERS = 4_000_000
"""Less is encoded as quickly as it is looked up."""
TEXTS_AT_ONCE = 2**16
"""Texts that are encoded together."""
MAX_CACHE_BYTES = 4 * 2**30
"""Most that the cache takes."""


def encode_cached(tokenizer: Tokenizer, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """`Tokenizer.encode`, from the cache where the texts are many and were encoded before.

    Args:
        tokenizer: Turns texts into ids.
        texts: The texts.
    """
    if sum(map(len, texts)) < MIN_CHARACTERS:
        return tokenizer.encode(texts)
    folder = cache_folder()
    if folder is None:
        return _encode_blocks(tokenizer, texts)
    path = folder / f"{_key(tokenizer, texts)}.npz"
    with contextlib.suppress(OSError, ValueError, KeyError, zipfile.BadZipFile):
        with np.load(path, allow_pickle=False) as arrays:
            found = arrays["ids"], arrays["starts"]
        os.utime(path)
        return found
    ids, starts = _encode_blocks(tokenizer, texts)
    with contextlib.suppress(OSError):  # a full or read-only disk costs time, not the run
        keep_file(path, lambda partial: _save(partial, ids, starts), MAX_CACHE_BYTES)
    return ids, starts


def _encode_blocks(tokenizer: Tokenizer, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """`Tokenizer.encode`, some texts at a time: for all of them at once it takes several times what the ids take."""
    blocks = [
        tokenizer.encode(texts[start : start + TEXTS_AT_ONCE])
        for start in range(0, len(texts), TEXTS_AT_ONCE)
    ]
    ends = np.cumsum([0, *(len(ids) for ids, _ in blocks)])
    starts = [starts[:-1] + end for (_, starts), end in zip(blocks, ends[:-1], strict=True)]
    return np.concatenate([ids for ids, _ in blocks]), np.concatenate([*starts, ends[-1:]])


def cache_folder() -> Path | None:
    """Where the cache lies: `mbert/encodings` in the user's folder for caches; None where there is none."""
    return own_cache("encodings")


def _key(tokenizer: Tokenizer, texts: Sequence[str]) -> str:
    vocabulary = tokenizer.vocabulary
    digest = hashlib.blake2b(digest_size=20)
    libraries = " ".join(str(package_version(library)) for library in ("tensorflow-text", "tokenizers"))
    digest.update(f"{CACHE_FORMAT} {libraries} {vocabulary.digest} {vocabulary.lowercase} ".encode())
    if tokenizer.client is not None:
        digest.update(f"{tokenizer.client} ".encode())
    digest.update(np.fromiter(map(len, texts), np.int64, len(texts)).tobytes())
    for start in range(0, len(texts), TEXTS_AT_ONCE):
        digest.update("".join(texts[start : start + TEXTS_AT_ONCE]).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _save(path: Path, ids: np.ndarray, starts: np.ndarray) -> None:
    with path.open("wb") as file:  # given a name, NumPy would add an ending
        np.savez(file, ids=ids, starts=starts)
