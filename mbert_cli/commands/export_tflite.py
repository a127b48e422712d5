"""`mbert export-tflite`: a fine-tuned run -> a phone artifact that is verified before it is written."""

import dataclasses
import shlex
from collections.abc import Sequence
from functools import partial
from typing import Any

from mbert_cli import console
from mbert_cli.figures import counted
from mbert_cli.phone.ahead_of_time import compile_lines
from mbert_cli.phone.artifact_folder import write_artifact
from mbert_cli.phone.client_texts import ClientTexts, read_as_client
from mbert_cli.phone.making import ArtifactMaker
from mbert_cli.phone.reference import Reference
from mbert_cli.phone.web_page import PAGE_FOLDER
from mbert_cli.preflight.export_tflite import Ready
from mbert_cli.runs.artifacts import ARTIFACT_FILE
from mbert_cli.tasks.calibration_rows import calibration_rows
from mbert_cli.text.batch import Batch
from mbert_cli.tflite.calibration import CALIBRATION
from mbert_cli.tflite.census import dense_census
from mbert_cli.tflite.clients import Client
from mbert_cli.tflite.flatbuffer import op_census
from mbert_cli.tflite.metadata import write_metadata
from mbert_cli.tflite.source_model import SourceModel
from mbert_cli.tflite.targets import described_refusals, refusal_record
from mbert_cli.tflite.text_input import add_tokenizer
from mbert_cli.tflite.text_runtime import TOKENIZER_OPERATIONS


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
    _say_trained(ready)
    reports = [_export(ready, mode, maker, read) for mode in ready.modes]
    console.table(
        f"export-tflite: {export}",
        [
            "mode",
            "MB",
            f"{reference.score_name} Keras",
            "TFLite",
            "answers that differ",
            "largest difference" if reference.head.pooling is None else "lowest cosine",
        ],
        [_row(report) for report in reports],
    )
    for report in reports:
        console.info(
            f"Artifact: {export / report['mode'] / ARTIFACT_FILE}; {described_refusals(report['targets'])}"
        )
    _say_compilation(ready)
    _say_lengths(reports[0]["examples_by_length"])
    if ready.reads_text:
        _say_tokenizer(reference)
    _say_page(ready)
    _say_client(ready)
    if read:
        is_tuned, can_be_tuned = reference.client == read.cutting, reference.head.pooling is None
        console.info(read.sentence(reference.score_name, is_tuned, can_be_tuned))


def _say_page(ready: Ready) -> None:
    """Says how a page is opened on a phone, and what it needs there."""
    if ready.web_packages is None:
        return
    folder = ready.saved.run.export / ready.modes[0] / PAGE_FOLDER
    console.info(
        f"Page: type `python -m http.server --directory {shlex.quote(str(folder))}` and open "
        "http://ADDRESS:8000 on the phone, where ADDRESS is that of this machine in your network"
    )
    console.info(ready.web_packages.described)


def _say_compilation(ready: Ready) -> None:
    """Says how artifacts for an NPU get there: its vendor's compiler makes a file of its own of each."""
    if ready.recipe.export.target != "npu":
        return
    console.info(
        "An NPU runs what its vendor's compiler makes of an artifact; for that of a Pixel, on Linux:"
    )
    for mode in ready.modes:
        for line in compile_lines(ready.saved.run.export / mode / ARTIFACT_FILE):
            console.result(line)


def _say_client(ready: Ready) -> None:
    """Says what loads the artifacts as they are, and what it makes of them."""
    fit = ready.client
    if fit.client is None:
        tell = console.warning if fit.hint else console.info
        tell(f"No client on a phone loads the artifacts as they are: {fit.reason}. {fit.hint}".rstrip())
    else:
        _say_modes(fit.client, ready.modes)
    labels = ready.saved.description.output_names or ()
    num_broken = sum(len(label.splitlines()) > 1 for label in labels)
    if num_broken:
        console.warning(
            f"Clients read one label per line, so that line breaks inside {counted(num_broken, 'label')} are blanks "
            "there; `mbert predict` shows them as they are"
        )


def _say_modes(client: Client, modes: Sequence[str]) -> None:
    """Says which artifacts a client loads."""
    refused = [mode for mode in modes if client.modes and mode not in client.modes]
    if len(refused) < len(modes):
        console.info(f"{client.name} loads the artifacts as they are")
    if refused:
        console.warning(
            f"{client.name} loads {' and '.join(client.modes)} alone, and knows no operation of {', '.join(refused)}"
        )
    if client.note:
        console.warning(client.note)


def _say_tokenizer(reference: Reference) -> None:
    """Says what a tokenizer inside asks of an app, and where it cuts otherwise."""
    console.warning(
        f"The artifacts read text by {' and '.join(TOKENIZER_OPERATIONS)}, operations of tensorflow-text and not of "
        "TFLite: no ready-made runtime for phones runs them, an app must build its own with them (docs/phone.md)"
    )
    cut, number = reference.cut_otherwise, len(reference.outputs)
    console.info(
        f"Of {counted(number, 'example')} the tokenizer inside cuts {cut:,} into other tokens than the run"
    )


def _say_lengths(examples: dict[int, int]) -> None:
    """Says which length of an artifact of several was verified on how many examples."""
    if len(examples) == 1:
        return
    shares = ", ".join(f"{count} at {length}" for length, count in examples.items())
    console.info(f"Verified on examples by the tokens that they were run with: {shares}")
    for length in [length for length, count in examples.items() if not count]:
        console.warning(f"No example could be run with {length} tokens: this length was not verified")


def _maker(ready: Ready, reference: Reference) -> ArtifactMaker:
    """Makes the artifacts of all modes."""
    export = ready.recipe.export
    return ArtifactMaker(
        _source(ready, reference), reference, ready.lengths, partial(_finish, ready), export, ready.options
    )


def _say_trained(ready: Ready) -> None:
    """Says for which modes a run that was fine-tuned with fake quantization has no ranges of its own."""
    trained, target = ready.trained, ready.recipe.export.target
    if trained is None:
        return
    others = [mode for mode in ready.modes if mode != trained.mode]
    if others:
        console.warning(
            f"{ready.saved.path} learned the numbers of {trained.mode}, and its scores are with them; in "
            f"{' and '.join(others)} its artifact is that of a model in float"
        )
    if trained.mode in ready.modes and trained.ranges:
        console.info(f"Ranges of activations are those that {ready.saved.path} was trained with")
        if (target == "npu") != (trained.target == "npu"):
            console.warning(
                f"It was trained with quantize.target {trained.target} and is exported for {target}, whose numbers "
                "are spread otherwise"
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
    )


def _calibration_rows(ready: Ready) -> Batch:
    """Training rows that ranges are measured on."""
    max_examples = ready.recipe.export.calibration.max_examples
    rows = calibration_rows(ready.model, ready.options, max_examples, ready.training)
    examples = counted(len(rows["token_ids"]), "training row")
    console.info(f"Ranges of activations are those of {examples}: {ready.saved.run.path / CALIBRATION}")
    return rows


def _finish(ready: Ready, content: bytes) -> bytes:
    """Packs into an artifact what is read with it, and what cuts texts if it takes those."""
    if ready.reads_text:
        content = add_tokenizer(content, ready.model.vocabulary, ready.length)
    return write_metadata(content, ready.metadata)


def _export(ready: Ready, mode: str, maker: ArtifactMaker, read: ClientTexts | None) -> dict[str, Any]:
    """Converts, verifies, and only then gives the artifact its name; returns its report."""
    model, reference = ready.saved, maker.reference
    console.info(f"Converting to {mode}")
    made = maker.make(mode)
    content = made.chosen.content
    report = {
        "mode": mode, "sequence_length": ready.length, "examples_by_length": made.chosen.examples,
        "tokenizer": ready.recipe.export.tokenizer, "size_bytes": len(content), "metric": reference.score_name,
        "parity": dataclasses.asdict(made.chosen.parity), "operations": op_census(content),
        "dense_maps": dense_census(content), "targets": refusal_record(content),
        **made.record(maker.precision), **reference.described, "client": read.record() if read else None,
    }  # fmt: skip
    write_artifact(model.run.export / mode, model, content, report, ready.presentation)
    return report


def _row(report: dict[str, Any]) -> tuple[str, ...]:
    parity = report["parity"]
    return (
        report["mode"],
        f"{report['size_bytes'] / 1e6:.1f}",
        f"{parity['metric_keras']:.2%}",
        f"{parity['metric_artifact']:.2%}",
        f"{parity['disagreement_rate']:.2%}",
        f"{parity['max_difference'] if parity['lowest_cosine'] is None else parity['lowest_cosine']:.4f}",
    )
