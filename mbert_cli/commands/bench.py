"""`mbert bench`: artifacts -> latency, size and memory side by side."""

import dataclasses
import json
import shlex
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from mbert_cli import console
from mbert_cli.commands.export_names import exported, target_name
from mbert_cli.commands.invocation import Invocation
from mbert_cli.commands.task_length import with_chosen_length
from mbert_cli.commands.task_model import ARTIFACT, find_target, open_task_model
from mbert_cli.errors import UserError
from mbert_cli.recipe.schema import BenchRecipe
from mbert_cli.tflite.latency import LatencyRow, adb_lines, measure, reference_artifact
from mbert_cli.train.manifest import replace_file

PAPER_TIMES_SMALLER, PAPER_TIMES_FASTER = 4.3, 5.5
"""MobileBERT against BERT-base on a Pixel 4, both in float32 (Sun et al., 2020)."""

EXAMPLES = 32


def run(invocation: Invocation) -> None:
    """Times artifacts on real token ids, and a reference architecture beside them."""
    recipe: BenchRecipe = invocation.loaded.recipe
    artifacts = _artifacts(invocation)
    if invocation.dry_run:
        for artifact in artifacts:
            console.result(f"Would time {artifact} for {recipe.bench.min_seconds:g} s")
        return
    model = with_chosen_length(open_task_model(artifacts[0]), invocation)
    model, encoded = model.sample(recipe.task or model.description.task, EXAMPLES)
    inputs = list(islice(model.batches(encoded, batch_size=1).in_order(), EXAMPLES))
    reference = _reference(invocation, recipe, model.sequence_length)
    rows = measure([*artifacts, *filter(None, [reference])], inputs, recipe.bench)
    _show(rows, recipe, model.sequence_length)
    _save(invocation, rows, recipe, model.sequence_length)
    phone = {target_name(path).replace(" ", "-"): path for path in artifacts}
    console.result("On a phone, with LiteRT's benchmark binary in this folder:")
    console.result("\n".join(adb_lines(phone, recipe.bench.threads)))


def _artifacts(invocation: Invocation) -> list[Path]:
    """The .tflite files that are named; a run, or the newest one, stands for all that it exported."""
    targets = invocation.targets or (find_target(dataclasses.replace(invocation, run=None)),)
    artifacts: list[Path] = []
    for target in map(Path, targets):
        found = [target] if target.suffix == ARTIFACT else exported(target)
        if not found:
            raise UserError(
                f"`mbert bench` times .tflite files. Received: {target}, which has none.",
                f"Make one with `mbert export-tflite {shlex.quote(str(target))}`.",
            )
        artifacts += found
    return artifacts


def _reference(invocation: Invocation, recipe: BenchRecipe, length: int) -> Path | None:
    name = recipe.bench.against
    if name is None:
        return None
    console.info(
        f"{name} of {length} tokens with random weights, in float32, is the reference; it is built once"
    )
    return reference_artifact(name, length, invocation.root / "reference")


def _show(rows: Sequence[LatencyRow], recipe: BenchRecipe, length: int) -> None:
    last = rows[-1]
    columns = [
        "artifact",
        "MB",
        "p50 ms",
        "p90 ms",
        "p99 ms",
        "peak MB",
        "runs",
        "times smaller",
        "times faster",
    ]
    cells = [
        (
            target_name(row.path),
            f"{row.size_bytes / 1e6:.1f}",
            f"{row.p50_ms:.2f}",
            f"{row.p90_ms:.2f}",
            f"{row.p99_ms:.2f}",
            f"{row.peak_memory_bytes / 1e6:.0f}",
            f"{row.runs:,}",
            f"{last.size_bytes / row.size_bytes:.1f}",
            f"{last.p50_ms / row.p50_ms:.1f}",
        )
        for row in rows
    ]
    threads = "1 thread" if recipe.bench.threads == 1 else f"{recipe.bench.threads} threads"
    console.table(f"bench: {length} tokens, {threads}, ratios to {target_name(last.path)}", columns, cells)
    if recipe.bench.against == "bert_base":
        console.result(
            f"For comparison, MobileBERT against BERT-base in the paper, both float32 on a Pixel 4: "
            f"{PAPER_TIMES_SMALLER} times smaller, {PAPER_TIMES_FASTER} times faster."
        )


def _save(invocation: Invocation, rows: Sequence[LatencyRow], recipe: BenchRecipe, length: int) -> None:
    """Writes the figures as report.json into the directory that `--run` names."""
    report = {
        "sequence_length": length,
        "threads": recipe.bench.threads,
        "reference": recipe.bench.against,
        "rows": [dataclasses.asdict(row) | {"path": str(row.path)} for row in rows],
    }
    directory = invocation.run or invocation.root / "bench"
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "report.json"
    replace_file(path, (json.dumps(report, indent=2) + "\n").encode())
    console.info(f"Written to {path}")
