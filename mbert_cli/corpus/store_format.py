"""Layout of a token store on disk, shared by its writer and its reader.

Files of a store, all little-endian:
    tokens.bin           ids of all documents one after the other; uint16, or uint32 beyond 65,536 tokens
    sentence_starts.bin  (sentences + 1,) int64, index of each sentence's first token; the last is the end
    document_starts.bin  (documents + 1,) int64, index of each document's first sentence; the last is the end
    held_out.bin         (documents,) uint8, 1 for documents set aside for validation
    fractions.bin        (documents,) float64, the hash that decides what is held out
    fingerprints.bin     (documents, values) uint64, what duplicates are found by, where they are looked for
    sources.jsonl        what each file of the corpus gave, in order: documents, sentences, tokens, and what was dropped
    vocab.txt            the vocabulary, and matched_tokens.json where some of its tokens are matched in texts
    store.json           counts, lower-casing, the vocabulary's digest
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mbert_cli.errors import UserError
from mbert_cli.json_text import read_json, write_json
from mbert_cli.shell_words import path_word
from mbert_cli.text.vocabulary import Vocabulary

TOKEN_IDS = "tokens.bin"
SENTENCE_STARTS = "sentence_starts.bin"
DOCUMENT_STARTS = "document_starts.bin"
HELD_OUT = "held_out.bin"
FRACTIONS = "fractions.bin"
FINGERPRINTS = "fingerprints.bin"
SOURCES = "sources.jsonl"
STORE_MANIFEST = "store.json"
STORE_FORMAT = 1


@dataclass(frozen=True)
class StoreReport:
    """What was written, and what was not.

    Args:
        documents: Documents in the store, those held out included.
        validation_documents: Documents held out.
        sentences: Sentences in the store.
        tokens: Tokens in the store.
        unknown_rate: Share of the tokens that are `[UNK]`.
        longest_sentence: Tokens of the longest sentence; it is stored whole.
        dropped: Reason -> how many documents or paragraphs were left out.
        text_bytes: UTF-8 bytes of the text read.
        size_bytes: Bytes of the store.
        seconds: Time from the first document to the last byte.
        parts: Documents and tokens of each part of a mix.
    """

    documents: int
    validation_documents: int
    sentences: int
    tokens: int
    unknown_rate: float
    longest_sentence: int
    text_bytes: int
    size_bytes: int
    seconds: float
    dropped: dict[str, int] = field(default_factory=dict)
    parts: list[dict[str, int]] = field(default_factory=list)


def token_type(vocabulary_size: int) -> type:
    """The smallest type that holds every id."""
    return np.uint16 if vocabulary_size <= 2**16 else np.uint32


def write_manifest(directory: Path, vocabulary: Vocabulary, report: StoreReport) -> None:
    """Writes `store.json`, the last file of a store."""
    content = {
        "format": STORE_FORMAT,
        "vocabulary_size": vocabulary.size,
        "vocabulary_digest": vocabulary.digest,
        "lowercase": vocabulary.lowercase,
        "report": asdict(report),
    }
    write_json(directory / STORE_MANIFEST, content)


def read_store_manifest(directory: Path) -> dict[str, Any]:
    """Reads `store.json`.

    Raises:
        UserError: The directory is not a store of this format.
    """
    try:
        manifest: dict[str, Any] = read_json(directory / STORE_MANIFEST)
        if manifest["format"] == STORE_FORMAT:
            return manifest
        found = f"format {manifest['format']!r} in {directory}"
    except OSError:
        found = f"{directory} without {STORE_MANIFEST}"
    except (ValueError, KeyError, TypeError):
        found = f"a damaged {STORE_MANIFEST} in {directory}"
    raise UserError(
        f"A token store must be one that this version of `mbert prepare` wrote. Received: {found}",
        write_again(directory),
    )


def write_again(directory: Path) -> str:
    """The command that writes a store anew, as a hint.

    Args:
        directory: The store: `final` in its run.
    """
    run = directory.parent
    return f"Write the store again: mbert prepare {path_word(run / 'recipe.yaml')} --run {path_word(run)} --fresh"
