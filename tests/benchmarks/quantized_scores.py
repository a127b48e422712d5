"""What each quantization mode costs a run in score, with and without equalization, and what keeping its worst layers wins.

    python tests/benchmarks/quantized_scores.py runs/NAME [--modes int8,int8_full,int4] [--examples 2000] [--bound 0.01]
        [--spread 1.0]

Each row is an artifact against the Keras run on the task's validation set: MB, score, answers that agree. The rows
"kept" have had their worst dense maps kept in higher precision, at most four, until no more than `--bound` of the answers
differ; they say which. `--spread` first multiplies every channel that may have a factor by e^(normal · spread), which
changes no output in float: a stand-in for models whose channels lie far apart.
"""

import argparse
import dataclasses
import time
from pathlib import Path

import numpy as np

from mbert_cli.backend import load_keras
from mbert_cli.phone.making import ArtifactMaker
from mbert_cli.phone.reference import Reference
from mbert_cli.runs.lineage import TASK_MODELS
from mbert_cli.tasks.calibration_rows import calibration_rows
from mbert_cli.tasks.model import run_task_model
from mbert_cli.tflite.calibration import CALIBRATION
from mbert_cli.tflite.channels import free_channels
from mbert_cli.tflite.fold import fold
from mbert_cli.tflite.modes import MODES
from mbert_cli.tflite.options import ExportOptions
from mbert_cli.tflite.source_model import SourceModel
from mbert_cli.weights.saved_model import RunModel


def main() -> None:
    """Prints a line for each artifact."""
    arguments = _parse()
    load_keras()
    saved = RunModel.open(arguments.run, TASK_MODELS)
    model = run_task_model(saved)
    length = arguments.length or model.sequence_length
    model = model.with_static_length(length)
    reference = Reference(model, model.own_task, arguments.examples)
    rows = calibration_rows(model, model.own_task, 200)
    weights, size = fold(saved.weights, saved.description.size)
    if arguments.spread:
        weights = spread(weights, size, arguments.spread)
    source = SourceModel(weights, size, reference.head, lambda: rows, saved.run.path / CALIBRATION)
    parity = None
    for mode in arguments.modes.split(","):
        for equalize in (False, True):
            used = dataclasses.replace(source, equalize=equalize)
            if not equalize or used.equalizes(mode):
                parity = measure(mode, used, reference, length, model.own_task, arguments.bound)
    if parity:
        print(f"Keras run: {parity.metric_keras:.2%} on {parity.examples} examples")


def spread(weights, size, deviation):
    """The folded weights with factors for all channels that may have some."""
    random = np.random.default_rng(0)
    arrays = {name: np.array(array, np.float64) for name, array in weights.items()}
    for channels in free_channels(arrays, size):
        factors = np.exp(random.normal(0.0, deviation, channels.written[0].width))
        for part in channels.written:
            part.multiply(arrays, factors)
        for part in channels.read:
            part.multiply(arrays, 1.0 / factors)
    return {name: array.astype(np.float32) for name, array in arrays.items()}


def measure(mode, source, reference, length, task, bound):
    """Prints the artifact of a mode, and the one with its worst layers kept."""
    loose = ExportOptions(verify={"max_metric_loss": 1, "max_disagreement": 1})
    maker = ArtifactMaker(source, reference, (length,), bytes, loose, task)
    start = time.perf_counter()
    made = maker.make(mode)
    label = f"{mode}{' equalized' if source.equalizes(mode) else ''}"
    seconds = time.perf_counter() - start
    show(
        label,
        made.chosen,
        f"{len(made.equalized)} equalized, {seconds:.0f} s" if made.equalized else f"{seconds:.0f} s",
    )
    if made.chosen.parity.disagreement_rate > bound and MODES[mode].is_quantized_after:
        converted = {length: source.converted(mode, length)}
        errors = maker._layer_errors(mode, converted[length])
        kept = None
        for count in range(1, 5):
            kept = maker._build(mode, converted, errors.layers[:count])
            if kept.parity.disagreement_rate <= bound:
                break
        layers = ", ".join(f"{layer.path} {layer.alone:.4f}" for layer in kept.kept)
        show(f"{label} kept", kept, f"errors: all {errors.every:.4f}, {layers}")
    return made.chosen.parity


def show(label, made, notes):
    """Prints a line."""
    parity = made.parity
    print(
        f"{label:<26} {len(made.content) / 2**20:6.1f} MiB {parity.metric_artifact:8.2%} "
        f"{1 - parity.disagreement_rate:8.2%} {notes}",
        flush=True,
    )


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("--modes", default="int8,int8_full,int4")
    parser.add_argument("--examples", type=int, default=2000)
    parser.add_argument("--bound", type=float, default=0.01)
    parser.add_argument("--length", type=int)
    parser.add_argument("--spread", type=float, default=0.0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
