"""A short text in a file of several lengths, beside the same text at the longest length, on one thread.

    python tests/benchmarks/several_lengths.py [--tokens 20] [--lengths 32,64,128] [--mode dynamic_int8]
        [--seconds 6] [mobilebert | RUN ...]

Names are sizes of `mbert_cli.model.options.SIZES`, whose weights are random, or fine-tuned runs. What is timed takes
turns in one run, each in its own process. The last rows are files of one length, which show what the others cost in
size and memory.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from mbert_cli.model.heads import build_task_network
from mbert_cli.model.options import SIZES, Architecture
from mbert_cli.runs.lineage import TASK_MODELS
from mbert_cli.tflite.convert import convert_weights
from mbert_cli.tflite.fold import Weights
from mbert_cli.tflite.latency import Timed, measure_latencies
from mbert_cli.tflite.lengths import merge_lengths
from mbert_cli.tflite.options import BenchOptions
from mbert_cli.weights.saved_model import RunModel
from mbert_cli.weights.variables import read_variables


def main() -> None:
    """Prints a table for each model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", default=["mobilebert"])
    parser.add_argument("--tokens", type=int, default=20)
    parser.add_argument("--lengths", default="32,64,128")
    parser.add_argument("--mode", default="dynamic_int8")
    parser.add_argument("--seconds", type=float, default=6.0)
    given = parser.parse_args()
    lengths = sorted(map(int, given.lengths.split(",")))
    options = BenchOptions(min_seconds=given.seconds, rounds=6, warmup_seconds=0.5)
    for model in given.models:
        weights, size = read_model(model)
        contents = {length: convert_weights(weights, size, length, given.mode) for length in lengths}
        with tempfile.TemporaryDirectory() as folder:
            show(model, write(Path(folder), contents), lengths, given.tokens, options)


def read_model(name: str) -> tuple[Weights, Architecture]:
    """The arrays of a size, random, or of a run."""
    if name in SIZES:
        network = build_task_network(name, num_outputs=2, vocab_size=30522, seed=0)
        return read_variables(network), SIZES[name]
    saved = RunModel.open(Path(name), TASK_MODELS)
    return saved.weights, saved.description.size


def write(folder: Path, contents: dict[int, bytes]) -> dict[str, Path]:
    """The file of all lengths, and one for each alone."""
    named = {"several": merge_lengths(contents)} | {str(length): one for length, one in contents.items()}
    paths = {name: folder / f"{name}.tflite" for name in named}
    for name, path in paths.items():
        path.write_bytes(named[name])
    return paths


def row_of(tokens: int, length: int) -> dict[str, np.ndarray]:
    """A text of so many tokens in a row of that length."""
    mask = (np.arange(length) < tokens).astype(np.int32)[None]
    return {"token_ids": 1000 * mask, "segment_ids": 0 * mask, "padding_mask": mask}


def show(model: str, paths: dict[str, Path], lengths: list[int], tokens: int, options: BenchOptions) -> None:
    """Times the file at each length that holds the text, and the single files."""
    fitting = [length for length in lengths if length > tokens]
    timed = [Timed(paths["several"], [row_of(tokens, length)]) for length in fitting]
    timed += [Timed(paths[str(length)], [row_of(tokens, length)]) for length in (fitting[0], lengths[-1])]
    rows = measure_latencies(timed, options)
    longest = rows[len(fitting) - 1]
    print(f"{model}, {rows[0].mode}, a text of {tokens} tokens:")
    for row in rows:
        print(
            f"  {row.path.stem:>8} at {row.sequence_length:>3}: {row.p50_ms:6.2f} ms, ratio to "
            f"{longest.sequence_length} {row.p50_ms / longest.p50_ms:.3f}, spread {row.spread:.0%}, "
            f"{row.size_bytes / 1e6:.1f} MB, peak memory {row.peak_memory_bytes / 1e6:.0f} MB"
        )


if __name__ == "__main__":
    main()
