"""How fast `mbert prepare` writes a token store, next to the `tokenizers` package merely encoding the text.

    PYTHONPATH=. python tests/benchmarks/prepare.py FOLDER [--vocabulary FILE] [--rounds N] [--megabytes N]

FOLDER has .txt, .md or .jsonl files. Without a vocabulary one is trained on them first. Both sides have all cores, the
same vocabulary and the same text, and take turns in one process. `prepare` reads the files, splits
sentences, encodes and writes; `tokenizers` gets paragraphs that were read beforehand. Imports are not
timed.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from mbert_cli.corpus.corpus import documents
from mbert_cli.corpus.options import FilesCorpus, StoreOptions
from mbert_cli.corpus.sampling import sample_texts
from mbert_cli.text.vocabulary import Vocabulary, load_vocabulary, train_vocabulary
from tests.corpus.store_writing import write_store

PEER_BATCH = 10_000


def main() -> None:
    """Prints both figures of each round, then medians and their ratio."""
    arguments = _parse()
    folder = Path(arguments.folder)
    if not folder.is_dir():
        raise SystemExit(f"No corpus: {folder} is missing. Name a folder of .txt, .md or .jsonl files.")
    files = _choose_files(folder, arguments.megabytes * 1e6)
    corpus = FilesCorpus(source="files", globs=[str(path) for path in files])
    vocabulary = _vocabulary(arguments.vocabulary, corpus)
    paragraphs = [paragraph for document in documents(corpus) for paragraph in document.paragraphs]
    megabytes = sum(len(paragraph.encode()) for paragraph in paragraphs) / 1e6
    print(
        f"{len(files)} files, {len(paragraphs):,} paragraphs, {megabytes:.1f} MB, {vocabulary.size:,} tokens"
    )
    time_prepare(corpus, vocabulary)  # imports TensorFlow
    peer = peer_tokenizer(vocabulary)
    ours, theirs = [], []
    for number in range(arguments.rounds):
        ours.append(megabytes / time_prepare(corpus, vocabulary))
        theirs.append(megabytes / time_peer(peer, paragraphs))
        print(f"round {number + 1}: prepare {ours[-1]:6.1f} MB/s   tokenizers {theirs[-1]:6.1f} MB/s")
    middle = statistics.median(ours), statistics.median(theirs)
    ratio = middle[0] / middle[1]
    print(f"median:  prepare {middle[0]:6.1f} MB/s   tokenizers {middle[1]:6.1f} MB/s   ratio {ratio:.1f}")


def time_prepare(corpus: FilesCorpus, vocabulary: Vocabulary) -> float:
    """Seconds to read, split, encode and write the corpus."""
    with tempfile.TemporaryDirectory() as directory:
        started = time.perf_counter()
        write_store(Path(directory), documents(corpus), vocabulary, StoreOptions())
        return time.perf_counter() - started


def time_peer(tokenizer: Tokenizer, paragraphs: list[str]) -> float:
    """Seconds that `encode_batch` takes for the paragraphs; it uses all cores by itself."""
    started = time.perf_counter()
    for start in range(0, len(paragraphs), PEER_BATCH):
        tokenizer.encode_batch(paragraphs[start : start + PEER_BATCH])
    return time.perf_counter() - started


def peer_tokenizer(vocabulary: Vocabulary) -> Tokenizer:
    """BERT's tokenizer in the `tokenizers` package."""
    tokenizer = Tokenizer(models.WordPiece(vocabulary.ids, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=vocabulary.lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder")
    parser.add_argument("--vocabulary", type=Path, help="a vocab.txt; default: trained on the corpus")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--megabytes", type=float, default=30.0, help="read files up to about this size")
    return parser.parse_args()


def _choose_files(folder: Path, limit: float) -> list[Path]:
    chosen, size = [], 0
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".txt", ".md", ".jsonl") and size < limit:
            chosen.append(path)
            size += path.stat().st_size
    if not chosen:
        raise SystemExit(f"No corpus: {folder} has no .txt, .md or .jsonl file.")
    return chosen


def _vocabulary(path: Path | None, corpus: FilesCorpus) -> Vocabulary:
    if path is not None:
        return load_vocabulary(path, lowercase=True)
    print("A vocabulary of 30,522 tokens is trained on the corpus first.")
    return train_vocabulary(sample_texts(documents(corpus), 16.0), 30522, lowercase=True)


if __name__ == "__main__":
    main()
