"""Every quantization mode: what it costs in score on a fine-tuned run, and its size and time for a full-size model.

    python tests/benchmarks/quantization_modes.py scores RUN [--rows 872] [--modes int8 int4]
    python tests/benchmarks/quantization_modes.py times --folder FOLDER [--size mobilebert] [--length 128] [--runs 30]

`scores` compares the artifact of each mode with the Keras run on the task's validation set. `times` takes random weights,
with gammas of NoNorm around 0.8 ± 0.3, and lets all artifacts take turns run by run on one thread, beside what TensorFlow's
converter makes of the same Keras network. Times are those that the thread was given by the processor, so that a busy
machine counts less; only ratios mean something. It also prints the limit: the
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
from straight_conversion import straight_conversion

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
from mbert_cli.tflite.interpreter import Artifact
from mbert_cli.tflite.modes import MODES
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


def time_modes(size: str, length: int, runs: int, modes: list[str], folder: Path) -> None:
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
    print_times({path.stem: path for path in paths}, rows, runs)
    flops = count_flops(SIZES[size], length)
    for kind, rate in product_rates(length).items():
        print(
            f"limit: {flops / 1e9:.2f} GFLOP at {rate / 1e9:.0f} billion a second in {kind}: {1e3 * flops / rate:.1f} ms"
        )


def print_times(paths: dict[str, Path], rows: dict[str, np.ndarray], runs: int) -> None:
    """Prints artifacts by name, with ratios to our float32 and dynamic_int8 and to the straight conversion."""
    medians = cpu_times({name: Artifact(path) for name, path in paths.items()}, rows, runs)
    print(
        f"{'artifact':24s} {'MB':>6s} {'CPU ms':>8s} {'to float32':>11s} {'to dynamic':>11s} {'to straight':>12s}"
    )
    for name, milliseconds in medians.items():
        bases = (medians.get("float32"), medians.get("dynamic_int8"), medians.get(f"{name} straight"))
        ratios = [f"{milliseconds / base:.2f}" if base else "" for base in bases]
        megabytes = paths[name].stat().st_size / 1e6
        print(
            f"{name:24s} {megabytes:6.1f} {milliseconds:8.2f} {ratios[0]:>11s} {ratios[1]:>11s} {ratios[2]:>12s}"
        )


def cpu_times(artifacts: dict[str, Artifact], rows: dict[str, np.ndarray], runs: int) -> dict[str, float]:
    """Median milliseconds of a processor that a run takes, by name; artifacts take turns run by run."""
    found: dict[str, list[float]] = {name: [] for name in artifacts}
    row = {name: values[:1] for name, values in rows.items()}
    for place in range(runs + 2):  # two of them to warm up
        for name, artifact in artifacts.items():
            artifact.set_row(row, artifact.sequence_length)
            start = time.thread_time()
            artifact.run()
            if place > 1:
                found[name].append(1e3 * (time.thread_time() - start))
    return {name: float(np.median(times)) for name, times in found.items()}


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
                found[f"{name} straight"] = partial(straight_conversion, network, name, rows)
    return found


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
        start = time.thread_time()
        interpreter.invoke()
        found.append(time.thread_time() - start)
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
    times.add_argument("--runs", type=int, default=30)
    times.add_argument("--modes", nargs="*", default=list(MODES))
    times.add_argument(
        "--folder", type=Path, required=True, help="keeps the artifacts for a second look at times"
    )
    arguments = parser.parse_args()
    if arguments.command == "scores":
        score_modes(arguments.run, arguments.rows, arguments.modes)
    else:
        time_modes(arguments.size, arguments.length, arguments.runs, arguments.modes, arguments.folder)


if __name__ == "__main__":
    main()
