"""MobileBERT on one thread: our artifact beside TensorFlow's own conversion of the same Keras network.

    python tests/benchmarks/tflite_latency.py [--length 128] [--seconds 5] [mobilebert bert_base]

All artifacts take turns in one run, each in its own process, on the same random token ids; only ratios mean
something. Weights are random, gammas and betas of the norms included, so that folding has work to do.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from mbert_cli.model.heads import build_task_network
from mbert_cli.model.task_head import CLASSIFIER
from mbert_cli.tflite.census import op_census
from mbert_cli.tflite.convert import convert, set_mode
from mbert_cli.tflite.interpreter import ARTIFACT_INPUTS
from mbert_cli.tflite.latency import Timed, measure_latencies
from mbert_cli.tflite.modes import MODES
from mbert_cli.tflite.options import BenchOptions

VOCABULARY = 30522


def straight_conversion(network: keras.Model, length: int, mode: str) -> bytes:
    """The network as it is, through Keras' export to a SavedModel and TensorFlow's converter."""

    def serve(ids, segment_ids, mask):
        logits = network({"token_ids": ids, "segment_ids": segment_ids, "padding_mask": mask}, training=False)
        return {CLASSIFIER.artifact_outputs[0]: tf.nn.softmax(logits["logits"])}

    archive = keras.export.ExportArchive()
    archive.track(network)
    signature = [tf.TensorSpec((1, length), tf.int32, name=name) for name in ARTIFACT_INPUTS]
    archive.add_endpoint("serve", serve, input_signature=signature)
    with tempfile.TemporaryDirectory() as folder:
        archive.write_out(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        set_mode(converter, MODES[mode])
        return converter.convert()


def random_network(size: str) -> keras.Model:
    """A network with two labels and random weights everywhere."""
    network = build_task_network(size, num_outputs=2, seed=0)
    random = np.random.default_rng(0)
    for weight in network.weights:
        if weight.path.endswith("gamma"):
            weight.assign(np.exp(random.normal(0.0, 0.1, weight.shape)))
        elif len(weight.shape) == 1:
            weight.assign(random.normal(0.0, 0.02, weight.shape))
    return network


def inputs(length: int, rows: int = 16) -> list[dict[str, np.ndarray]]:
    """Random token ids, the second half of each row in the second segment, no padding."""
    random = np.random.default_rng(0)
    segments = np.tile((np.arange(length) >= length // 2).astype(np.int32), (rows, 1))
    ids = random.integers(1000, VOCABULARY, (rows, length), dtype=np.int32)
    return [{"token_ids": ids, "segment_ids": segments, "padding_mask": np.ones_like(ids)}]


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
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for size in arguments.sizes:
            network = random_network(size)
            for mode in ("float32", "dynamic_int8"):
                for name, function in (("ours", convert), ("straight", straight_conversion)):
                    start = time.perf_counter()
                    content = function(network, arguments.length, mode)
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
            for row in measure_latencies([Timed(path, inputs(arguments.length)) for path in paths], options)
        }
    print(f"\n{'artifact':40s} {'p50 ms':>8s} {'p90 ms':>8s} {'MB':>7s} {'peak MB':>8s}  straight / ours")
    for stem, row in rows.items():
        ratio = rows[stem.rsplit("-", 1)[0] + "-straight"].p50_ms / row.p50_ms
        print(f"{stem:40s} {row.p50_ms:8.2f} {row.p90_ms:8.2f} {row.size_bytes / 1e6:7.1f} "
              f"{row.peak_memory_bytes / 1e6:8.0f} {ratio:8.2f}")  # fmt: skip


if __name__ == "__main__":
    main()
