"""What every quantization mode costs a run in score, and what learning its numbers wins back.

    python tests/benchmarks/trained_modes.py runs/NAME... --folder FOLDER [--steps 200] [--rate 1e-4]
        [--modes dynamic_int8 int8 int8_full int8_full:npu int4] [--momentum 0.9] [--labels 0.5] [--examples 2000]

For each mode, with a target after a colon where it is not the CPU, a row has the artifact of the run as it is, the same
with channels brought together where the mode takes that, and the artifact of the run after `mbert finetune quantize` in
this mode from it: MB, score, and how often it answers as the float run. `--labels` is the weight of the labels against
the answers of the float run in that fine-tuning. Trainings are kept in `--folder` and not repeated. No layer is kept in
higher precision.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal, NamedTuple

import yaml

from mbert_cli.backend import load_keras
from mbert_cli.phone.reference import Reference
from mbert_cli.runs.lineage import TASK_MODELS
from mbert_cli.tasks.calibration_rows import calibration_rows
from mbert_cli.tasks.model import run_task_model
from mbert_cli.tflite.interpreter import Artifact
from mbert_cli.tflite.modes import MODES
from mbert_cli.tflite.source_model import SourceModel
from mbert_cli.tflite.trained_ranges import TrainedRanges
from mbert_cli.weights.saved_model import RunModel

MEASURED = ("dynamic_int8", "int8", "int8_full", "int8_full:npu", "int4")
"""Those that round, but for int16x8, which a CPU takes many times as long for."""


class Wanted(NamedTuple):
    """A mode, and what runs its artifact."""

    mode: str
    target: Literal["cpu", "npu"]

    @classmethod
    def of(cls, word: str) -> "Wanted":
        """What stands in a command line: int8, or int8_full:npu."""
        mode, _, target = word.partition(":")
        return cls(mode, target or "cpu")

    def __str__(self) -> str:
        return self.mode if self.target == "cpu" else f"{self.mode}:{self.target}"


def main() -> None:
    """Prints a line for each artifact."""
    arguments = parse()
    load_keras()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    found: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for run in arguments.runs:
        for key, values in measured(arguments, run):
            found[key].append(values)
    if len(arguments.runs) > 1:
        print(f"mean of {len(arguments.runs)} runs")
        for (mode, label), values in found.items():
            differences, agreements = (show_spread(column) for column in zip(*values, strict=True))
            print(f"{mode:14s} {label:14s} {differences} {agreements}")


def measured(
    arguments: argparse.Namespace, run: Path
) -> Iterator[tuple[tuple[str, str], tuple[float, float]]]:
    """The artifacts of a run, each by mode and label: points of score to float, and percent of answers that agree."""
    reference = reference_of(run, arguments.examples)
    expected = reference.score(reference.outputs)
    print(f"{run.name}: {expected:.2%} on {len(reference.outputs)} rows, {reference.score_name}")
    print(f"{'mode':14s} {'':14s} {'MB':>6s} {'score':>8s} {'to float':>9s} {'agreement':>10s}")
    for mode in arguments.modes:
        for label, content in contents(arguments, run, mode):
            parity = compared(reference, content)
            difference = 100 * (parity.metric_artifact - expected)
            agreement = 100 * (1 - parity.disagreement_rate)
            print(
                f"{mode!s:14s} {label:14s} {len(content) / 1e6:6.1f} {parity.metric_artifact:8.2%} "
                f"{difference:+9.2f} {agreement:9.2f}%",
                flush=True,
            )
            yield (str(mode), label), (difference, agreement)


def show_spread(values: tuple[float, ...]) -> str:
    """A mean, and the standard deviation beside it."""
    return f"{statistics.mean(values):+9.2f} ± {statistics.stdev(values):.2f}"


def train(arguments: argparse.Namespace, source: Path, wanted: Wanted) -> Path:
    """Fine-tunes a run in a mode, unless that was done before, and returns the new run."""
    run = arguments.folder / source.name / str(wanted).replace(":", "-")
    if (run / "final" / "summary.json").exists():
        return run
    recorded = yaml.safe_load((source / "recipe.yaml").read_text(encoding="utf-8"))
    ranges = {"momentum": arguments.momentum} if MODES[wanted.mode].needs_calibration else {}
    recipe = {
        "initialize_from": str(source),
        "task": recorded["task"],
        "quantize": {
            "mode": wanted.mode, "target": wanted.target, "ground_truth_ratio": arguments.labels, **ranges,
        },
        "train": {
            "epochs": 20, "max_steps": arguments.steps, "optimizer": {"learning_rate": arguments.rate},
        },
    }  # fmt: skip
    path = run.with_suffix(".yaml")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(recipe), encoding="utf-8")
    command = [sys.executable, "-m", "mbert_cli.cli", "finetune", str(path), "--run", str(run), "-q"]
    subprocess.run(command, check=True, env=os.environ | {"KERAS_BACKEND": "tensorflow"})
    return run


def reference_of(path: Path, max_examples: int) -> Reference:
    """The float run on its validation set."""
    model = run_task_model(RunModel.open(path, TASK_MODELS))
    return Reference(model.with_static_length(model.sequence_length), model.own_task, max_examples)


def contents(arguments: argparse.Namespace, run: Path, wanted: Wanted) -> Iterator[tuple[str, bytes]]:
    """The artifacts of a mode: of the run, of the run with channels brought together, and of the trained one."""
    mode = wanted.mode
    source, length = source_of(run, wanted.target)
    yield "as it is", source.content(mode, length)
    equalized = replace(source, equalize=True)
    if equalized.equalizes(mode):
        yield "equalized", equalized.content(mode, length)
    if arguments.steps:
        source, length = source_of(train(arguments, run, wanted), wanted.target)
        yield "trained", source.content(mode, length)


def source_of(path: Path, target: Literal["cpu", "npu"]) -> tuple[SourceModel, int]:
    """What the artifacts of a run are made of, and their length."""
    saved = RunModel.open(path, TASK_MODELS)
    model = run_task_model(saved)
    model = model.with_static_length(model.sequence_length)
    head = Reference(model, model.own_task, 1).head
    source = SourceModel(
        saved.weights, saved.description.size, head, lambda: calibration_rows(model, model.own_task, 200),
        Path(tempfile.mkdtemp()), target, trained=TrainedRanges.load(saved.folder),
    )  # fmt: skip
    return source, model.sequence_length


def compared(reference: Reference, content: bytes):
    """An artifact beside the float run."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        path.write_bytes(content)
        return reference.compare(Artifact(path, 2, [reference.head.artifact_outputs]))


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--modes", nargs="*", type=Wanted.of, default=[*map(Wanted.of, MEASURED)])
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--momentum", type=float, default=0.9)
    parser.add_argument("--labels", type=float, default=0.5)
    parser.add_argument("--examples", type=int, default=2000)
    return parser.parse_args()


if __name__ == "__main__":
    main()
