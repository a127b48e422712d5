"""A short text in files of several lengths, in every mode, beside BERT-base in float32 and the limit, on one thread.

    python tests/benchmarks/short_texts.py --folder FOLDER [--size mobilebert] [--tokens 20] [--lengths 32,64,128]
        [--modes dynamic_int8 ...] [--seconds 2]

Weights are random. What is timed takes turns in one run, each in its own process; only ratios mean something. A row is a
mode at the shortest length that holds the text and at the longest; BERT-base has the longest, as a file of one length
has to. The limit is the time that the multiplications alone take at the rate that one thread reaches in a large matrix
product in the same run. FOLDER keeps the artifacts; BERT-base takes 6 GB of memory to make.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from quantization_modes import product_rates, random_network, random_rows

from mbert_cli.model.cost import count_flops
from mbert_cli.model.options import SIZES
from mbert_cli.model.task_head import CLASSIFIER
from mbert_cli.tflite.latency import LatencyRow, Timed, measure_latencies, reference_artifact
from mbert_cli.tflite.lengths import merge_lengths
from mbert_cli.tflite.modes import MODES
from mbert_cli.tflite.options import BenchOptions
from mbert_cli.tflite.source_model import SourceModel
from mbert_cli.weights.variables import read_variables

REFERENCE = "bert_base"
ROWS = 512
"""Rows of the matrix product: as many as it takes for its time to be that of multiplying, not of reading the matrix."""


@dataclass(frozen=True)
class Question:
    """What is asked: how long a text of so many tokens takes in files of these lengths."""

    size: str
    tokens: int
    lengths: Sequence[int]
    modes: Sequence[str]

    @property
    def shortest(self) -> int:
        """The shortest length that holds the text: one more than its tokens."""
        return next(length for length in self.lengths if length > self.tokens)


def make_files(question: Question, folder: Path) -> Iterator[tuple[str, Path]]:
    """A file of all lengths for each mode, and that of the reference; those that are there already stay."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {mode: folder / f"{question.size}-{mode}.tflite" for mode in question.modes}
    if not all(path.exists() for path in paths.values()):
        network = random_network(question.size)
        rows = random_rows(question.lengths[-1])
        size = SIZES[question.size]
        source = SourceModel(read_variables(network), size, CLASSIFIER, lambda: rows, folder)
        for mode, path in paths.items():
            if not path.exists():
                path.write_bytes(
                    merge_lengths({length: source.content(mode, length) for length in question.lengths})
                )
                print(f"made {path}", flush=True)
    yield from paths.items()
    yield REFERENCE, reference_artifact(REFERENCE, question.lengths[-1], "float32", folder)


def row_of(tokens: int, length: int) -> dict[str, np.ndarray]:
    """A text of so many tokens in a row of that length."""
    mask = (np.arange(length) < tokens).astype(np.int32)[None]
    return {"token_ids": 1000 * mask, "segment_ids": 0 * mask, "padding_mask": mask}


def show(question: Question, rows: Sequence[tuple[str, LatencyRow]]) -> None:
    """Prints each row beside the reference, and the limit at both lengths."""
    reference = rows[-1][1]
    longest = {name: row.p50_ms for name, row in rows if row.sequence_length == question.lengths[-1]}
    print(f"\n{question.size}, a text of {question.tokens} tokens, one thread")
    print(f"{'artifact':16s} {'tokens':>6s} {'MB':>6s} {'p50 ms':>8s} {'spread':>7s} {'to longest':>11s} "
          f"{'times faster':>13s} {'smaller':>8s}")  # fmt: skip
    for name, row in rows:
        print(f"{name:16s} {row.sequence_length:6d} {row.size_bytes / 1e6:6.1f} {row.p50_ms:8.2f} "
              f"{row.spread or 0:7.0%} {row.p50_ms / longest[name]:11.2f} {reference.p50_ms / row.p50_ms:13.1f} "
              f"{reference.size_bytes / row.size_bytes:8.1f}")  # fmt: skip
    rates = product_rates(ROWS)
    for length in (question.shortest, question.lengths[-1]):
        flops = count_flops(SIZES[question.size], length)
        for kind, rate in rates.items():
            print(f"limit at {length} tokens in {kind}: {flops / 1e9:.2f} GFLOP at {rate / 1e9:.0f} billion a second, "
                  f"{1e3 * flops / rate:.2f} ms")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--size", default="mobilebert")
    parser.add_argument("--tokens", type=int, default=20)
    parser.add_argument("--lengths", default="32,64,128")
    parser.add_argument(
        "--modes", nargs="*", default=[mode for mode in MODES if "cpu" in MODES[mode].targets]
    )
    parser.add_argument("--seconds", type=float, default=2.0)
    given = parser.parse_args()
    question = Question(given.size, given.tokens, sorted(map(int, given.lengths.split(","))), given.modes)
    timed = []
    for name, path in make_files(question, given.folder):
        lengths = [question.lengths[-1]] if name == REFERENCE else [question.shortest, question.lengths[-1]]
        timed += [(name, Timed(path, [row_of(question.tokens, length)])) for length in lengths]
    options = BenchOptions(min_seconds=given.seconds, rounds=6)
    rows = measure_latencies([one for _, one in timed], options)
    show(question, [(name, row) for (name, _), row in zip(timed, rows, strict=True)])


if __name__ == "__main__":
    main()
