"""`mbert export-tflite`: a fine-tuned run -> a phone artifact that is verified before it is written."""

import dataclasses
import tempfile
from pathlib import Path
from typing import Any

from mbert_cli import console
from mbert_cli.backend import count_cores
from mbert_cli.figures import counted
from mbert_cli.phone.artifact_folder import write_artifact
from mbert_cli.phone.reference import Reference
from mbert_cli.preflight.export_tflite import Ready
from mbert_cli.runs.artifacts import ARTIFACT_FILE
from mbert_cli.tflite.convert import convert_weights
from mbert_cli.tflite.flatbuffer import op_census
from mbert_cli.tflite.interpreter import Artifact
from mbert_cli.tflite.metadata import write_metadata
from mbert_cli.tflite.verify import VerifyReport, require_parity


def run(ready: Ready) -> None:
    """Converts a fine-tuned run in each wanted mode; an artifact that loses too much is not written."""
    export, length = ready.saved.run.export, ready.length
    if ready.invocation.dry_run:
        for mode in ready.modes:
            console.result(f"Would write {export / mode / ARTIFACT_FILE}, {length} tokens")
        return
    max_examples = ready.recipe.export.verify.max_examples
    reference = Reference(ready.model, ready.options, max_examples, ready.task)
    reports = [_export(ready, mode, reference) for mode in ready.modes]
    console.table(
        f"export-tflite: {export}",
        [
            "mode",
            "MB",
            f"{reference.score_name} Keras",
            "TFLite",
            "answers that differ",
            "largest difference",
        ],
        [_row(report) for report in reports],
    )
    for mode in ready.modes:
        console.info(f"Artifact: {export / mode / ARTIFACT_FILE}")
    _say_client(ready)


def _say_client(ready: Ready) -> None:
    """Says what loads the artifacts as they are, and what it makes of them."""
    fit = ready.client
    if fit.client is None:
        tell = console.warning if fit.hint else console.info
        tell(f"No client on a phone loads the artifacts as they are: {fit.reason}. {fit.hint}".rstrip())
    else:
        console.info(f"{fit.client.name} loads the artifacts as they are")
        if fit.client.note:
            console.warning(fit.client.note)
    labels = ready.saved.description.output_names or ()
    num_broken = sum(len(label.splitlines()) > 1 for label in labels)
    if num_broken:
        console.warning(
            f"Clients read one label per line, so that line breaks inside of {counted(num_broken, 'label')} are blanks "
            "there; `mbert predict` shows them as they are"
        )


def _export(ready: Ready, mode: str, reference: Reference) -> dict[str, Any]:
    """Converts, verifies, and only then gives the artifact its name; returns its report."""
    model, length = ready.saved, ready.length
    console.info(f"Converting to {mode}")
    content = convert_weights(model.weights, model.description.size, length, mode, reference.head)
    content = write_metadata(content, ready.metadata)
    parity = _compare(content, reference)
    report = {
        "mode": mode, "sequence_length": length, "size_bytes": len(content), "metric": reference.score_name,
        "parity": dataclasses.asdict(parity), "operations": op_census(content), **reference.described,
    }  # fmt: skip
    require_parity(parity, ready.recipe.export.verify)
    write_artifact(model.run.export / mode, model, content, report)
    return report


def _compare(content: bytes, reference: Reference) -> VerifyReport:
    """What the content of a .tflite file says, beside the Keras run."""
    with tempfile.TemporaryDirectory() as scratch:
        candidate = Path(scratch) / ARTIFACT_FILE
        candidate.write_bytes(content)
        return reference.compare(Artifact(candidate, count_cores(), [reference.head.artifact_outputs]))


def _row(report: dict[str, Any]) -> tuple[str, ...]:
    parity = report["parity"]
    return (
        report["mode"],
        f"{report['size_bytes'] / 1e6:.1f}",
        f"{parity['metric_keras']:.2%}",
        f"{parity['metric_artifact']:.2%}",
        f"{parity['disagreement_rate']:.2%}",
        f"{parity['max_difference']:.4f}",
    )
