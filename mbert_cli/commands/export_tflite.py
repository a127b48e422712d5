"""`mbert export-tflite`: a fine-tuned run -> a phone artifact that is verified before it is written."""

import dataclasses
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from mbert_cli import console
from mbert_cli.figures import counted, show_megabytes
from mbert_cli.phone.artifact_folder import write_artifact
from mbert_cli.phone.client_texts import ClientTexts, read_as_client
from mbert_cli.phone.export_notes import (
    say_client,
    say_compilation,
    say_lengths,
    say_page,
    say_tokenizer,
    say_trained,
)
from mbert_cli.phone.making import ArtifactMaker
from mbert_cli.phone.reference import Reference
from mbert_cli.preflight.export_tflite import Ready
from mbert_cli.runs.artifacts import ARTIFACT_FILE, MADE_OF, weights_digest
from mbert_cli.tasks.calibration_rows import calibration_rows
from mbert_cli.text.batch import Batch
from mbert_cli.tflite.calibration import CALIBRATION
from mbert_cli.tflite.census import dense_census, float_census, op_census
from mbert_cli.tflite.metadata import write_metadata
from mbert_cli.tflite.source_model import SourceModel
from mbert_cli.tflite.targets import described_refusals, refusal_record


def run(ready: Ready) -> None:
    """Converts a fine-tuned run in each wanted mode; an artifact that loses too much is not written."""
    export = ready.saved.run.export
    if ready.invocation.dry_run:
        lengths = ", ".join(map(str, ready.lengths))
        for mode in ready.modes:
            console.result(f"Would write {export / mode / ARTIFACT_FILE}, {lengths} tokens")
        return
    max_examples = ready.recipe.export.verify.max_examples
    reference = Reference(ready.model, ready.options, max_examples, ready.task)
    client = ready.client.client
    read = read_as_client(reference, client) if client else None
    maker = _maker(ready, reference)
    target = ready.recipe.export.target
    say_trained(ready.trained, ready.saved.path, ready.modes, target)
    if reference.cut:
        console.info(reference.cut)
    reports: list[dict[str, Any]] = []
    try:
        for mode in ready.modes:
            report = _export(ready, mode, maker, read)
            reports.append(report)
            console.info(
                f"Artifact: {export / mode / ARTIFACT_FILE}; {described_refusals(report['targets'])}"
            )
    finally:
        if reports:  # those that are written are shown though the next one fails
            _show(export, reference, reports)
    artifacts = [export / mode / ARTIFACT_FILE for mode in ready.modes]
    if target == "npu":
        say_compilation(artifacts)
    say_lengths(reports[0]["examples_by_length"])
    if ready.reads_text:
        say_tokenizer(reference)
    say_page(ready.web_packages, artifacts[0])
    say_client(ready.client, ready.modes, ready.saved.description.output_names or ())
    if read:
        is_tuned, can_be_tuned = reference.client == read.cutting, reference.head.pooling is None
        console.info(read.sentence(reference.score_name, is_tuned, can_be_tuned))


def _show(export: Path, reference: Reference, reports: Sequence[Mapping[str, Any]]) -> None:
    """A table of what was written."""
    columns = [
        "mode", "MB", f"{reference.score_name} Keras", "TFLite", "answers that differ",
        "largest difference" if reference.head.pooling is None else "lowest cosine",
    ]  # fmt: skip
    console.table(f"export-tflite: {export}", columns, [_row(report) for report in reports])


def _maker(ready: Ready, reference: Reference) -> ArtifactMaker:
    """Makes the artifacts of all modes."""
    export = ready.recipe.export
    return ArtifactMaker(
        _source(ready, reference), reference, ready.lengths, partial(_finish, ready), export, ready.options
    )


def _source(ready: Ready, reference: Reference) -> SourceModel:
    """What artifacts are made of."""
    saved, export = ready.saved, ready.recipe.export
    return SourceModel(
        saved.weights,
        saved.description.size,
        reference.head,
        partial(_calibration_rows, ready),
        saved.run.path / CALIBRATION,
        export.target,
        export.block_size,
        equalize=export.equalize,
        # a client and the page read numbers
        has_integer_outputs=export.target == "npu" and ready.client.client is None and not export.page,
        trained=ready.trained,
        eight_bit_maps=export.eight_bit_maps,
        row_ranges=export.row_ranges,
    )


def _calibration_rows(ready: Ready) -> Batch:
    """Training rows that ranges are measured on."""
    max_examples = ready.recipe.export.calibration.max_examples
    rows = calibration_rows(ready.model, ready.options, max_examples, ready.training)
    examples = counted(len(rows["token_ids"]), "training row")
    console.info(f"What goes through the model is measured on {examples}")
    return rows


def _finish(ready: Ready, content: bytes) -> bytes:
    """Packs into an artifact what is read with it, and what cuts texts if it takes those."""
    if ready.reads_text:
        # Slow import: tensorflow-text, which other artifacts do without.
        from mbert_cli.tflite.text_input import add_tokenizer

        content = add_tokenizer(content, ready.model.vocabulary, ready.length)
    return write_metadata(content, ready.metadata)


def _export(ready: Ready, mode: str, maker: ArtifactMaker, read: ClientTexts | None) -> dict[str, Any]:
    """Converts, verifies, and only then gives the artifact its name; returns its report."""
    model, reference = ready.saved, maker.reference
    console.info(f"Converting to {mode}")
    made = maker.make(mode)
    content = made.chosen.content
    report = {
        "mode": mode, "target": ready.recipe.export.target, "tokenizer": ready.recipe.export.tokenizer,
        "sequence_length": ready.length, "examples_by_length": made.chosen.examples, "size_bytes": len(content),
        MADE_OF: weights_digest(model.path), "metric": reference.score_name,
        "parity": dataclasses.asdict(made.chosen.parity), "operations": op_census(content),
        "dense_maps": dense_census(content), "float_operations": float_census(content),
        "targets": refusal_record(content),
        "cut": reference.cut, "client": read.record() if read else None,
        **made.record(maker.precision), **reference.described,
    }  # fmt: skip
    write_artifact(model.run.export / mode, model, content, report, ready.presentation)
    return report


def _row(report: Mapping[str, Any]) -> tuple[str, ...]:
    parity = report["parity"]
    return (
        report["mode"],
        show_megabytes(report["size_bytes"]),
        f"{parity['metric_keras']:.2%}",
        f"{parity['metric_artifact']:.2%}",
        f"{parity['disagreement_rate']:.2%}",
        f"{parity['max_difference'] if parity['lowest_cosine'] is None else parity['lowest_cosine']:.4f}",
    )
