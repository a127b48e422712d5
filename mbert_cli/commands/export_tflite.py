"""`mbert export-tflite`: a fine-tuned run -> a phone artifact that is verified before it is written."""

import dataclasses
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from mbert_cli import console
from mbert_cli.backend import count_cores
from mbert_cli.evaluate.metrics import score_name
from mbert_cli.examples.label_names import label_lines
from mbert_cli.examples.options import ImportedTask
from mbert_cli.preflight.export_tflite import Ready
from mbert_cli.recipe.schema import ExportRecipe
from mbert_cli.runs.artifacts import ARTIFACT_FILE
from mbert_cli.runs.manifest import write_directory
from mbert_cli.tasks.kinds import kind_of
from mbert_cli.tasks.model import real_rows
from mbert_cli.text.vocabulary import VOCABULARY_FILE
from mbert_cli.tflite.convert import convert_weights
from mbert_cli.tflite.flatbuffer import op_census
from mbert_cli.tflite.interpreter import Artifact
from mbert_cli.tflite.verify import AGREEMENT, VerifyReport, require_parity, verify
from mbert_cli.weights.saved_files import copy_vocabulary
from mbert_cli.weights.saved_model import SavedModel

BATCH_SIZE = 32
"""Rows of one forward pass of the Keras run."""


def run(ready: Ready) -> None:
    """Converts a fine-tuned run in each wanted mode; an artifact that loses too much is not written."""
    saved, run, length = ready.saved, ready.saved.run, ready.length
    if ready.invocation.dry_run:
        for mode in ready.modes:
            console.result(f"Would write {run.export / mode / ARTIFACT_FILE}, {length} tokens")
        return
    reference = _Reference(ready)
    rows = []
    for mode in ready.modes:
        report = _export(saved, run.export / mode, mode, length, reference, ready.recipe)
        rows.append(_row(mode, report))
    console.table(
        f"export-tflite: {run.export}",
        [
            "mode",
            "MB",
            f"{reference.score_name} Keras",
            "TFLite",
            "answers that differ",
            "largest difference",
        ],
        rows,
    )
    for mode in ready.modes:
        console.info(f"Artifact: {run.export / mode / ARTIFACT_FILE}")
    num_broken = sum(len(label.splitlines()) > 1 for label in saved.description.output_names or ())
    if num_broken:
        console.info(
            f"Labels with line breaks: {num_broken}; in labels.txt, which has one label per line, they are blanks"
        )


class _Reference:
    """What every mode is compared with: the Keras run on the same examples, cut to the artifact's length.

    A run that answers about whole texts reads them in batches of similar length, which takes half of the time or less
    and changes no answer (docs/padding.md). Outputs of every token are compared in all columns, padding too.
    """

    def __init__(self, ready: Ready) -> None:
        self.head = kind_of(ready.model.description.kind).head
        self.has_truth = not isinstance(ready.options, ImportedTask)
        num_examples = ready.recipe.export.verify.max_examples
        self.model, self.encoded = ready.model.sample(ready.options, num_examples, ready.task)
        run_model = dataclasses.replace(self.model, dynamic_length=self.head.is_pooled)
        self.outputs = run_model.answer(self.encoded, BATCH_SIZE)

    @property
    def score_name(self) -> str:
        """What the score of the task is."""
        return score_name(self.encoded.judge.metrics) if self.has_truth else AGREEMENT

    @property
    def described(self) -> dict[str, object]:
        """Which examples were compared, for the report; nothing of documentation that takes their place."""
        found = self.encoded.described
        return {"set": found.digest, "examples": found.examples} if found else {}

    def compare(self, artifact: Artifact) -> VerifyReport:
        """Runs the artifact on the same rows."""
        batches = self.model.batches(self.encoded, BATCH_SIZE).in_order()
        outputs = np.concatenate([artifact.predict(real_rows(batch)) for batch in batches])
        return verify(self.outputs, self.model.arrange(outputs), self.encoded.judge, has_truth=self.has_truth)


def _export(
    model: SavedModel, directory: Path, mode: str, length: int, reference: _Reference, recipe: ExportRecipe
) -> dict[str, Any]:
    """Converts, verifies in a scratch folder, and only then gives the artifact its name."""
    console.info(f"Converting to {mode}")
    content = convert_weights(model.weights, model.description.size, length, mode, reference.head)
    with tempfile.TemporaryDirectory() as scratch:
        candidate = Path(scratch) / ARTIFACT_FILE
        candidate.write_bytes(content)
        outputs = [reference.head.artifact_outputs]
        parity = reference.compare(Artifact(candidate, count_cores(), outputs))
    report = {
        "mode": mode, "sequence_length": length, "size_bytes": len(content), "metric": reference.score_name,
        "parity": dataclasses.asdict(parity), "operations": op_census(content), **reference.described,
    }  # fmt: skip
    require_parity(parity, recipe.export.verify)
    if directory.exists():
        console.info(f"{directory}: replaces the artifact that was there")
    write_directory(directory, lambda folder: _write(folder, model, content, report), replace=True)
    return report


def _write(folder: Path, model: SavedModel, content: bytes, report: dict[str, Any]) -> None:
    (folder / ARTIFACT_FILE).write_bytes(content)
    (folder / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    (folder / "labels.txt").write_text(label_lines(model.description.output_names or ()), encoding="utf-8")
    model.description.save(folder)
    copy_vocabulary(model.folder / VOCABULARY_FILE, folder)


def _row(mode: str, report: dict[str, Any]) -> tuple[str, ...]:
    parity = report["parity"]
    return (
        mode,
        f"{report['size_bytes'] / 1e6:.1f}",
        f"{parity['metric_keras']:.2%}",
        f"{parity['metric_artifact']:.2%}",
        f"{parity['disagreement_rate']:.2%}",
        f"{parity['max_difference']:.4f}",
    )
