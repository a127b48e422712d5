"""Every quantization mode: what it costs in score on a fine-tuned run, and its size and time for a full-size model.

    python tests/benchmarks/quantization_modes.py scores RUN [--rows 872] [--modes int8 int4]
    python tests/benchmarks/quantization_modes.py times --folder FOLDER [--size mobilebert] [--length 128] [--seconds 2]

`scores` compares the artifact of each mode with the Keras run on the task's validation set. `times` takes random weights,
with gammas of NoNorm around 0.8 ± 0.3, and lets all artifacts take turns on one thread, each in its own process, beside
what TensorFlow's converter makes of the same Keras network; only ratios mean something. It also prints the limit: the
time that the multiplications alone take at the rate that one thread reaches in a large matrix product.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from mbert_cli.model.cost import count_flops
from mbert_cli.model.heads import build_task_network
from mbert_cli.model.options import SIZES
from mbert_cli.model.task_head import CLASSIFIER
from mbert_cli.phone.reference import Reference
from mbert_cli.runs.lineage import TASK_MODELS
from mbert_cli.tasks.calibration_rows import calibration_rows
from mbert_cli.tasks.kinds import kind_of
from mbert_cli.tasks.model import run_task_model
from mbert_cli.tflite.calibration import measure_ranges
from mbert_cli.tflite.convert import InferenceGraph, convert_graph
from mbert_cli.tflite.interpreter import ARTIFACT_INPUTS, Artifact
from mbert_cli.tflite.latency import LatencyRow, Timed, measure_latencies
from mbert_cli.tflite.modes import MODES
from mbert_cli.tflite.options import BenchOptions
from mbert_cli.tflite.quantizer import quantize
from mbert_cli.tflite.source_model import SourceModel
from mbert_cli.weights.saved_model import RunModel
from mbert_cli.weights.variables import read_variables

VOCABULARY = 30522
PRODUCT = 1024
"""Width of the dense map whose rate is the limit."""


def score_modes(path: Path, max_rows: int, modes: list[str]) -> None:
    """Prints size and score of each mode of a run."""
    saved = RunModel.open(path, TASK_MODELS)
    model = run_task_model(saved)
    model = model.with_static_length(model.sequence_length)
    reference = Reference(model, model.own_task, max_rows)
    with tempfile.TemporaryDirectory() as folder:
        source = SourceModel(
            saved.weights, saved.description.size, kind_of(saved.description.kind).head,
            partial(calibration_rows, model, model.own_task, 200), Path(folder),
        )  # fmt: skip
        print(f"{'mode':20s} {'MiB':>6s} {'agreement':>10s} {'score':>8s} {'of Keras':>8s}")
        for name, make in mode_contents(source, model.sequence_length).items():
            if name.partition(" ")[0] not in modes:
                continue
            content = make()
            artifact = Path(folder) / "model.tflite"
            artifact.write_bytes(content)
            found = reference.compare(Artifact(artifact, 2, [reference.head.artifact_outputs]))
            print(f"{name:20s} {len(content) / 2**20:6.1f} {1 - found.disagreement_rate:10.2%} "
                  f"{found.metric_artifact:8.2%} {found.metric_keras:8.2%}", flush=True)  # fmt: skip


def mode_contents(source: SourceModel, length: int) -> dict[str, Callable[[], bytes]]:
    """What makes the artifact of each mode, of int4 with blocks, and of 8-bit ranges with channels brought together."""
    found: dict[str, Callable[[], bytes]] = {mode: partial(source.content, mode, length) for mode in MODES}
    for size in (32, 64):
        found[f"int4 in blocks of {size}"] = partial(replace(source, block_size=size).content, "int4", length)
    for mode in ("int8", "int8_full"):
        found[f"{mode} equalized"] = partial(replace(source, equalize=True).content, mode, length)
    return found


def time_modes(size: str, length: int, seconds: float, modes: list[str], folder: Path) -> None:
    """Prints size and time of each mode of a model with random weights."""
    network = random_network(size)
    rows = random_rows(length)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, make in timed_contents(network, rows, length, modes, folder).items():
        paths.append(folder / f"{name}.tflite")
        if not paths[-1].exists():
            start = time.perf_counter()
            content = make()
            print(f"{name}: made in {time.perf_counter() - start:.1f} s", flush=True)
            paths[-1].write_bytes(content)
    options = BenchOptions(min_seconds=seconds, warmup_seconds=0.3)
    timed = measure_latencies([Timed(path, [rows]) for path in paths], options)
    print_times({row.path.stem: row for row in timed})
    flops = count_flops(SIZES[size], length)
    for kind, rate in product_rates(length).items():
        print(
            f"limit: {flops / 1e9:.2f} GFLOP at {rate / 1e9:.0f} billion a second in {kind}: {1e3 * flops / rate:.1f} ms"
        )


def print_times(rows: dict[str, LatencyRow]) -> None:
    """Prints rows by name, with ratios to our float32 and dynamic_int8 and to the straight conversion."""
    print(
        f"{'artifact':28s} {'MB':>6s} {'p50 ms':>8s} {'to float32':>11s} {'to dynamic':>11s} {'to straight':>12s}"
    )
    for name, row in rows.items():
        bases = (rows.get("float32"), rows.get("dynamic_int8"), rows.get(f"{name} straight"))
        ratios = [f"{row.p50_ms / base.p50_ms:.2f}" if base else "" for base in bases]
        print(f"{name:28s} {row.size_bytes / 1e6:6.1f} {row.p50_ms:8.2f} {ratios[0]:>11s} {ratios[1]:>11s} "
              f"{ratios[2]:>12s}")  # fmt: skip


def timed_contents(
    network: keras.Model, rows: dict[str, np.ndarray], length: int, modes: list[str], folder: Path
) -> dict[str, Callable[[], bytes]]:
    """What makes ours, and what TensorFlow's converter makes of the network as it is, by name."""
    size = network.get_layer("embeddings").size
    source = SourceModel(read_variables(network), size, CLASSIFIER, lambda: rows, folder)
    found: dict[str, Callable[[], bytes]] = {}
    for name, make in mode_contents(source, length).items():
        if name.partition(" ")[0] in modes and not name.endswith(
            "equalized"
        ):  # the same operations as without
            found[name] = make
            if name in ("float32", "dynamic_int8", "int8_full"):
                found[f"{name} straight"] = partial(straight_conversion, network, length, name, rows)
    return found


def straight_conversion(network: keras.Model, length: int, mode: str, rows: dict[str, np.ndarray]) -> bytes:
    """The network as it is through TensorFlow's converter alone."""

    @tf.function(
        input_signature=[tf.TensorSpec((1, length), tf.int32, name=name) for name in ARTIFACT_INPUTS]
    )
    def serve(ids, segment_ids, mask):
        logits = network({"token_ids": ids, "segment_ids": segment_ids, "padding_mask": mask}, training=False)
        return {CLASSIFIER.artifact_outputs[0]: tf.nn.softmax(logits["logits"])}

    converter = tf.lite.TFLiteConverter.from_concrete_functions([serve.get_concrete_function()], network)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    if mode != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if mode == "int8_full":
        converter.representative_dataset = lambda: (
            [rows[key][place : place + 1] for key in ARTIFACT_INPUTS.values()] for place in range(8)
        )
    return converter.convert()


def random_network(size: str) -> keras.Model:
    """A network with two labels and random weights everywhere."""
    network = build_task_network(size, num_outputs=2, seed=0)
    random = np.random.default_rng(0)
    for weight in network.weights:
        if weight.path.endswith("gamma"):
            weight.assign(random.normal(0.8, 0.3, weight.shape))
        elif len(weight.shape) == 1:
            weight.assign(random.normal(0.0, 0.02, weight.shape))
    return network


def random_rows(length: int, count: int = 16) -> dict[str, np.ndarray]:
    """Random token ids, the second half of each row in the second segment, no padding."""
    random = np.random.default_rng(0)
    segments = np.tile((np.arange(length) >= length // 2).astype(np.int32), (count, 1))
    ids = random.integers(1000, VOCABULARY, (count, length), dtype=np.int32)
    return {"token_ids": ids, "segment_ids": segments, "padding_mask": np.ones_like(ids)}


def product_rates(length: int) -> dict[str, float]:
    """Operations a second that one thread reaches in a large dense map, in float32 and in int8."""
    kernel = np.random.default_rng(0).normal(0, 0.02, (PRODUCT, PRODUCT)).astype(np.float32)
    graph = tf.Graph()
    with graph.as_default():
        ids = tf.compat.v1.placeholder(tf.int32, (1, length), name="ids")
        rows = tf.tile(tf.cast(ids, tf.float32)[0, :, None] / VOCABULARY, (1, PRODUCT))
        for _ in range(8):
            rows = tf.matmul(rows, tf.constant(kernel))
        output = tf.identity(rows, name="rows")
    content = convert_graph(InferenceGraph(graph.as_graph_def(), [ids], [output]), "float32")
    ranges = dict.fromkeys(measure_ranges(content, random_rows(length, 1)), (-1.0, 1.0))
    contents = {"float32": content, "int8": quantize(content, "int8", ranges)}
    return {kind: 8 * 2 * length * PRODUCT**2 / seconds_of(one) for kind, one in contents.items()}


def seconds_of(content: bytes) -> float:
    """The shortest of many runs."""
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    found = []
    for _ in range(60):
        start = time.perf_counter()
        interpreter.invoke()
        found.append(time.perf_counter() - start)
    return min(found)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    scores = commands.add_parser("scores")
    scores.add_argument("run", type=Path)
    scores.add_argument("--rows", type=int, default=872)
    scores.add_argument("--modes", nargs="*", default=list(MODES), help="int16x8 takes long on a CPU")
    times = commands.add_parser("times")
    times.add_argument("--size", default="mobilebert")
    times.add_argument("--length", type=int, default=128)
    times.add_argument("--seconds", type=float, default=2.0)
    times.add_argument("--modes", nargs="*", default=list(MODES))
    times.add_argument(
        "--folder", type=Path, required=True, help="keeps the artifacts for a second look at times"
    )
    arguments = parser.parse_args()
    if arguments.command == "scores":
        score_modes(arguments.run, arguments.rows, arguments.modes)
    else:
        time_modes(arguments.size, arguments.length, arguments.seconds, arguments.modes, arguments.folder)


if __name__ == "__main__":
    main()
