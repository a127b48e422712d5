"""How fast `mbert prepare` encodes the same text from plain files, tables and packed files.

    python tests/benchmarks/corpora.py FOLDER --vocabulary FILE [--rounds N] [--megabytes N] [--characters N]

FOLDER has .txt or .md files. Their text is cut into documents of about so many characters and written once in each format;
the formats take turns in one process, each with all cores. Figures are MB of text, as it is unpacked, per second:
reading, splitting, encoding and writing parts. Ratios are to plain text, which is one .txt file, in the same round. Imports
are not timed. Where the machine has other work, MB per second of processor time say more: all cores are busy either way.

    python tests/benchmarks/corpora.py --memory [--megabytes N] [--format SUFFIX]

prints the peak memory of a process that encodes a made-up file of that size and of a tenth of it.
"""

import argparse
import csv
import gzip
import io
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow
import zstandard
from pyarrow import parquet

from mbert_cli.corpus.options import FilesCorpus, StoreOptions
from mbert_cli.corpus.pieces import cut_into_pieces, encode_pieces
from mbert_cli.text.vocabulary import LEADING_TOKENS, Vocabulary, load_vocabulary

FORMATS = (".txt", ".jsonl", ".jsonl.zst", ".jsonl.gz", ".parquet", ".csv.zst")
ROW_GROUP = 10_000
WORDS = (
    "time",
    "people",
    "water",
    "between",
    "country",
    "thought",
    "against",
    "morning",
    "nothing",
    "little",
)


def main() -> None:
    """Prints the speed of each format in each round, then medians and ratios, or the peaks of memory."""
    arguments = _parse()
    if arguments.child:
        _encode_made_up(Path(arguments.child), arguments.format)
    elif arguments.memory:
        _compare_memory(arguments.megabytes or 2000, arguments.format)
    else:
        _compare_speed(arguments)


def _compare_speed(arguments: argparse.Namespace) -> None:
    vocabulary = load_vocabulary(str(arguments.vocabulary), lowercase=True)
    texts = list(_texts(Path(arguments.folder), (arguments.megabytes or 40) * 1e6, arguments.characters))
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    print(f"{len(texts):,} documents, {megabytes:.1f} MB of text")
    rates: dict[str, list[tuple[float, float]]] = {suffix: [] for suffix in FORMATS}
    with tempfile.TemporaryDirectory() as folder:
        for suffix in FORMATS:
            _write(Path(folder) / f"texts{suffix}", texts, suffix)
        _time(Path(folder) / "texts.txt", vocabulary)  # imports TensorFlow
        for number in range(arguments.rounds):
            for suffix in FORMATS:
                seconds = _time(Path(folder) / f"texts{suffix}", vocabulary)
                rates[suffix].append((megabytes / seconds[0], megabytes / seconds[1]))
            print(f"round {number + 1}: " + "  ".join(f"{s} {r[-1][0]:.1f}" for s, r in rates.items()))
    print("               MB/s  of plain  MB/processor s  of plain")
    for suffix, found in rates.items():
        print(f"{suffix:12}{_compared(found, rates['.txt'], 0)}        {_compared(found, rates['.txt'], 1)}")


def _compared(rates: list[tuple[float, float]], plain: list[tuple[float, float]], which: int) -> str:
    """The median of rates, and of their ratios to those of plain text in the same rounds."""
    ratios = [rate[which] / other[which] for rate, other in zip(rates, plain, strict=True)]
    return f"{statistics.median(rate[which] for rate in rates):7.1f} {statistics.median(ratios):9.2f}"


def _time(path: Path, vocabulary: Vocabulary) -> tuple[float, float]:
    """Seconds that a file takes, and seconds of processor time."""
    with tempfile.TemporaryDirectory() as parts:
        started, busy = time.perf_counter(), time.process_time()
        pieces = cut_into_pieces(FilesCorpus(source="files", globs=[str(path)]))
        encode_pieces(Path(parts), pieces, vocabulary, StoreOptions(), lambda *_: None).require_all()
        return time.perf_counter() - started, time.process_time() - busy


def _texts(folder: Path, limit: float, characters: int) -> Iterator[str]:
    """Neighbouring paragraphs of files, about so many characters at a time."""
    size = 0
    for path in sorted(folder.rglob("*")):
        if path.suffix not in (".txt", ".md") or size >= limit:
            continue
        gathered: list[str] = []
        for paragraph in path.read_text(encoding="utf-8").split("\n\n"):
            gathered.append(paragraph)
            if sum(map(len, gathered)) >= characters:
                yield "\n\n".join(gathered)
                gathered = []
        yield "\n\n".join(gathered)
        size += path.stat().st_size


def _write(path: Path, texts: list[str], suffix: str) -> None:
    if suffix == ".txt":
        path.write_text("\n\n".join(texts), encoding="utf-8")
    elif suffix == ".parquet":
        table = pyarrow.table({"text": texts, "id": range(len(texts))})
        parquet.write_table(table, path, compression="zstd", row_group_size=ROW_GROUP)
    else:
        data = _table(texts, suffix.split(".")[1]).encode()
        pack = {".gz": gzip.compress, ".zst": zstandard.ZstdCompressor().compress}
        path.write_bytes(pack.get(path.suffix, bytes)(data))


def _table(texts: list[str], kind: str) -> str:
    if kind == "jsonl":
        rows = enumerate(texts)
        return "".join(
            json.dumps({"id": number, "text": text}, ensure_ascii=False) + "\n" for number, text in rows
        )
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerows([("id", "text"), *enumerate(texts)])
    return stream.getvalue()


def _compare_memory(megabytes: float, suffix: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for size in (megabytes / 10, megabytes):
            path = Path(folder) / f"made-up{suffix}"
            _make_up(path, int(size * 1e6), suffix)
            command = [sys.executable, __file__, "--child", str(path), "--format", suffix]
            print(
                f"{suffix}, {size:,.0f} MB of text: {subprocess.check_output(command, text=True).strip()}",
                flush=True,
            )
            path.unlink()


def _make_up(path: Path, num_bytes: int, suffix: str) -> None:
    """Writes a file of so many bytes of text, whose documents differ, without holding it in memory."""
    chance = random.Random(0)
    texts = [" ".join(chance.choices(WORDS, k=300)).capitalize() + "." for _ in range(500)]
    chunk = sum(map(len, texts))
    if suffix == ".parquet":
        with parquet.ParquetWriter(
            path, pyarrow.schema([("text", pyarrow.string())]), compression="zstd"
        ) as writer:
            for number in range(num_bytes // (20 * chunk) + 1):
                rows = [f"{number} {copy} {text}" for copy in range(20) for text in texts]
                writer.write_table(pyarrow.table({"text": rows}), row_group_size=ROW_GROUP)
        return
    opened = zstandard.open(path, "wt") if suffix.endswith(".zst") else path.open("w", encoding="utf-8")
    with opened as file:
        for number in range(num_bytes // chunk + 1):
            rows = [f"{number} {text}" for text in texts]
            file.write("\n\n".join(rows) + "\n\n" if suffix == ".txt" else _table(rows, suffix.split(".")[1]))


def _encode_made_up(path: Path, suffix: str) -> None:
    """Encodes a file and prints the most memory that this process had."""
    vocabulary = Vocabulary((*LEADING_TOKENS, *WORDS, *"0123456789."))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds, _ = _time(path, vocabulary)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"peak {peak / 1024:,.0f} MiB, {before / 1024:,.0f} MiB before, {seconds:.0f} s")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", default=".")
    parser.add_argument("--vocabulary", type=Path, help="a vocab.txt")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--megabytes", type=float, help="default 40 of text, and 2000 for memory")
    parser.add_argument("--characters", type=int, default=3000, help="of a document")
    parser.add_argument("--memory", action="store_true", help="compare peaks of memory instead")
    parser.add_argument("--format", default=".jsonl.zst", help="ending of the made-up file")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
