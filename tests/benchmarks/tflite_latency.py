"""MobileBERT on one thread: our artifact beside TensorFlow's own conversion of the same Keras network.

    python tests/benchmarks/tflite_latency.py [--length 128] [--seconds 5] [mobilebert bert_base]

All artifacts take turns in one run, each in its own process, on the same random token ids; only ratios mean
something. Weights are random, gammas and betas of the norms included, so that folding has work to do.
"""

import argparse
import json
import tempfile
import time
from functools import partial
from pathlib import Path

from quantization_modes import random_network, random_rows
from straight_conversion import straight_conversion

from mbert_cli.tflite.census import op_census
from mbert_cli.tflite.convert import convert
from mbert_cli.tflite.latency import Timed, measure_latencies
from mbert_cli.tflite.options import BenchOptions


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--length", type=int, default=128)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument(
        "sizes", nargs="*", default=["mobilebert", "bert_base"], help="bert_base takes 6 GB of memory"
    )
    arguments = parser.parse_args()
    examples = random_rows(arguments.length)
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for size in arguments.sizes:
            network = random_network(size)
            for mode in ("float32", "dynamic_int8"):
                makers = {
                    "ours": partial(convert, network, arguments.length, mode),
                    "straight": partial(straight_conversion, network, mode, examples),
                }
                for name, make in makers.items():
                    start = time.perf_counter()
                    content = make()
                    seconds = time.perf_counter() - start
                    path = Path(folder) / f"{size}-{mode}-{name}.tflite"
                    path.write_bytes(content)
                    paths.append(path)
                    print(
                        f"{path.stem}: converted in {seconds:.1f} s, {json.dumps(op_census(content))}",
                        flush=True,
                    )
        options = BenchOptions(min_seconds=arguments.seconds)
        rows = {
            row.path.stem: row
            for row in measure_latencies([Timed(path, [examples]) for path in paths], options)
        }
    print(f"\n{'artifact':40s} {'p50 ms':>8s} {'p90 ms':>8s} {'MB':>7s} {'peak MB':>8s}  straight / ours")
    for stem, row in rows.items():
        ratio = rows[stem.rsplit("-", 1)[0] + "-straight"].p50_ms / row.p50_ms
        print(f"{stem:40s} {row.p50_ms:8.2f} {row.p90_ms:8.2f} {row.size_bytes / 1e6:7.1f} "
              f"{row.peak_memory_bytes / 1e6:8.0f} {ratio:8.2f}")  # fmt: skip


if __name__ == "__main__":
    main()
