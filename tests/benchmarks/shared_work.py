"""What sharing work out brings on one machine: a corpus encoded by Ray, and a search with several trials at once.

    python tests/benchmarks/shared_work.py prepare FOLDER [--vocabulary FILE] [--copies N] [--rounds N]
    python tests/benchmarks/shared_work.py search RUN [--workers N] [--rounds N] [--set KEY=VALUE ...]

`prepare` encodes the .txt and .md files of a folder, several copies of each, into parts and puts the store together: embedded, with a thread for each
core, and as tasks of a Ray cluster that is started on this machine beforehand, with one core each. They take turns. The
first round of Ray is named apart: in it each worker imports TensorFlow. The arrays of both stores are compared.

`search` types `mbert finetune` from a pre-trained run with eight trials: one after the other in a process that has one
core, then with a process for each core. Each is timed as a whole, with its imports and plans, and the tables are
compared. Pruning is off, so that both train the same steps.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from mbert_cli.backend import count_cores
from mbert_cli.cluster.options import HERE, ClusterOptions
from mbert_cli.corpus.assembly import assemble_store
from mbert_cli.corpus.options import FilesCorpus, StoreOptions
from mbert_cli.corpus.pieces import cut_into_pieces, encode_pieces
from mbert_cli.text.vocabulary import Vocabulary, load_vocabulary, train_vocabulary

ARRAYS = ("tokens.bin", "sentence_starts.bin", "document_starts.bin", "held_out.bin", "sources.jsonl")
TRIALS = (
    "search.learning_rate=[0.001,0.0005,0.0003,0.0001]", "search.seed=[0,1]", "search.prune_margin=null",
    "train.checkpoint_every=1000000",
)  # fmt: skip


def main() -> None:
    """Prints both times of each round, then medians and their ratio."""
    arguments = _parse()
    if arguments.work == "prepare":
        compare_prepare(Path(arguments.folder), arguments.vocabulary, arguments.copies, arguments.rounds)
    else:
        compare_search(arguments.run, arguments.workers, arguments.rounds, arguments.settings or ())


def compare_prepare(folder: Path, vocabulary_file: Path | None, copies: int, rounds: int) -> None:
    """Times a corpus encoded here and by Ray, in turns."""
    import ray

    vocabulary = _vocabulary(vocabulary_file, folder)
    ray.init("local", num_cpus=count_cores(), include_dashboard=False, log_to_driver=False, logging_level=50)
    cluster = ClusterOptions(address="local")
    with tempfile.TemporaryDirectory() as temporary:
        corpus = FilesCorpus(source="files", globs=[_copied(folder, Path(temporary) / "texts", copies)])
        pieces = cut_into_pieces(corpus)
        _, megabytes = _encode(Path(temporary) / "warm", pieces, vocabulary, HERE)  # imports TensorFlow
        print(f"{len(pieces)} pieces, {megabytes:.1f} MB of text, {count_cores()} cores")
        first, _ = _encode(Path(temporary) / "first", pieces, vocabulary, cluster)
        print(f"first round of Ray: {megabytes / first:6.1f} MB/s, in which workers import TensorFlow")
        here, there = [], []
        for number in range(rounds):
            places = [Path(temporary) / f"{name}-{number}" for name in ("here", "ray")]
            here.append(megabytes / _encode(places[0], pieces, vocabulary, HERE)[0])
            there.append(megabytes / _encode(places[1], pieces, vocabulary, cluster)[0])
            for name in ARRAYS:
                both = [(place / "store" / name).read_bytes() for place in places]
                if both[0] != both[1]:
                    raise SystemExit(f"{name} differs")
            print(f"round {number + 1}: embedded {here[-1]:6.1f} MB/s   Ray {there[-1]:6.1f} MB/s")
    _conclude("MB/s", "embedded", here, "Ray", there)


def _copied(folder: Path, target: Path, copies: int) -> str:
    """Copies texts, since a corpus of few pieces cannot be shared evenly; returns the pattern of all."""
    target.mkdir()
    texts = [path for path in sorted(folder.rglob("*")) if path.suffix in (".txt", ".md")]
    for number, path in enumerate(texts * copies):
        shutil.copyfile(path, target / f"{number:06d}{path.suffix}")
    return str(target / "*")


def _encode(
    folder: Path, pieces: Sequence, vocabulary: Vocabulary, cluster: ClusterOptions
) -> tuple[float, float]:
    """Seconds to encode a corpus and to put its store together, and megabytes of its text."""
    (folder / "store").mkdir(parents=True)
    started = time.perf_counter()
    encoded = encode_pieces(
        folder / "parts", pieces, vocabulary, StoreOptions(), lambda *figures: None, None, cluster
    )
    encoded.require_all()
    report = assemble_store(folder / "store", encoded.parts, vocabulary, 0.02)
    return time.perf_counter() - started, report.text_bytes / 1e6


def compare_search(run: str, workers: int, rounds: int, settings: Sequence[str]) -> None:
    """Times a search of eight trials one after the other on one core, and by processes with one core each."""
    core = min(os.sched_getaffinity(0))
    alone, beside = [], []
    with tempfile.TemporaryDirectory() as temporary:
        for number in range(rounds):
            places = [Path(temporary) / f"{name}-{number}" for name in ("alone", "beside")]
            alone.append(_search(run, places[0], settings, {core}))
            beside.append(_search(run, places[1], (*settings, f"cluster.workers={workers}"), None))
            tables = [json.loads((place / "search.json").read_text()) for place in places]
            same = "the same table" if tables[0] == tables[1] else "another table"
            print(
                f"round {number + 1}: one core {alone[-1]:6.1f} s   {workers} workers {beside[-1]:6.1f} s, {same}"
            )
    _conclude("s", f"{workers} workers", beside, "one after the other", alone)


def _search(run: str, place: Path, settings: Sequence[str], cores: set[int] | None) -> float:
    """Seconds of a search, on these cores alone."""
    keys = [word for setting in (*TRIALS, *settings) for word in ("--set", setting)]
    command = [sys.executable, "-m", "mbert_cli.cli", "finetune", "-q", "--source", run, "--run", str(place)]
    started = time.perf_counter()
    subprocess.run(
        [*command, *keys],
        check=True,
        stdout=subprocess.DEVNULL,
        preexec_fn=(lambda: os.sched_setaffinity(0, cores)) if cores else None,
    )
    return time.perf_counter() - started


def _conclude(unit: str, one: str, ones: Sequence[float], other: str, others: Sequence[float]) -> None:
    middle = statistics.median(ones), statistics.median(others)
    print(
        f"median:  {one} {middle[0]:.1f} {unit}   {other} {middle[1]:.1f} {unit}   "
        f"{other} / {one} {middle[1] / middle[0]:.2f}"
    )


def _vocabulary(path: Path | None, folder: Path) -> Vocabulary:
    if path is not None:
        return load_vocabulary(path, lowercase=True)
    print("A vocabulary of 30,522 tokens is trained on the corpus first.")
    files = [path for path in sorted(folder.rglob("*")) if path.suffix in (".txt", ".md")]
    texts = (path.read_text(errors="replace") for path in files[:30])
    return train_vocabulary(texts, 30522, lowercase=True)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    works = parser.add_subparsers(dest="work", required=True)
    prepare = works.add_parser("prepare")
    prepare.add_argument("folder")
    prepare.add_argument("--vocabulary", type=Path, help="a vocab.txt; default: trained on some of the files")
    prepare.add_argument("--copies", type=int, default=4)
    prepare.add_argument("--rounds", type=int, default=3)
    search = works.add_parser("search")
    search.add_argument("run", help="a pre-trained run, such as runs/distill-quickstart")
    search.add_argument("--workers", type=int, default=count_cores())
    search.add_argument("--rounds", type=int, default=1)
    search.add_argument("--set", action="append", dest="settings", metavar="KEY=VALUE")
    return parser.parse_args()


if __name__ == "__main__":
    main()
