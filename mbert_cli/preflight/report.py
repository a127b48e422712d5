"""What `mbert report` needs: complete runs with weights, and artifacts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mbert_cli import console
from mbert_cli.errors import UserError
from mbert_cli.page import PRINTED, Delivery
from mbert_cli.preflight.tracing import require_layers, require_traced_texts
from mbert_cli.report.attention_maps import require_pictures
from mbert_cli.runs.artifacts import ARTIFACT, REPORT_FILE, exported, exported_report, refuse_artifact_folder
from mbert_cli.runs.lineage import TASK_MODELS, WITH_WEIGHTS
from mbert_cli.runs.listing import (
    EXPORT,
    FINAL,
    SMOKE_ROOT,
    USUAL_ROOT,
    command_of,
    is_aside,
    is_run,
    maker_of,
    run_around,
    run_kind,
    run_paths,
    state_of,
)
from mbert_cli.shell_words import path_word, path_words
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.saved_model import RunModel

_NAMED = 5
"""Runs of a folder that a hint names."""


@dataclass(frozen=True)
class ReportCommand:
    """What was typed.

    Attributes:
        targets: Runs and .tflite files; empty for all complete task models in runs/.
        text: A text whose attention is drawn; None draws none.
        second_text: A second text; None for one.
        layers: Blocks of students to draw, from 0; empty for some that are spread evenly.
        delivery: Where the page goes, and in which form.
    """

    targets: tuple[Path, ...] = ()
    text: str | None = None
    second_text: str | None = None
    layers: tuple[int, ...] = ()
    delivery: Delivery = PRINTED


@dataclass(frozen=True)
class Ready:
    """What was found.

    Attributes:
        command: What was typed.
        models: The runs, opened, each once.
        artifacts: The .tflite files that were named themselves.
    """

    command: ReportCommand
    models: Sequence[RunModel]
    artifacts: Sequence[Path]


def resolve(command: ReportCommand) -> Ready:
    """Opens everything that is shown.

    Raises:
        UserError: Something that was named cannot be shown, or nothing was found.
    """
    _check_flags(command)
    targets = {target.resolve(): target for target in command.targets or _all_task_models()}
    artifacts = [target for target in targets.values() if target.suffix == ARTIFACT]
    for artifact in artifacts:
        _require_artifact(artifact)
    runs = [target for target in targets.values() if target.suffix != ARTIFACT]
    models = [_open(run) for run in _shown_among(runs, are_alone=not artifacts)]
    require_layers(command.layers, models)
    _warn_of_other_files([*artifacts, *(path for model in models for path in exported(model.path))])
    return Ready(command, models, artifacts)


def _warn_of_other_files(artifacts: Sequence[Path]) -> None:
    """Says whose score is not shown, because the report beside it is about another file."""
    for artifact in artifacts:
        if artifact.with_name(REPORT_FILE).is_file() and not exported_report(artifact):
            console.warning(
                f"{artifact} is not the file that report.json beside it is about, so that its score is not shown: "
                "it has another size. Export it again."
            )


def _check_flags(command: ReportCommand) -> None:
    is_html = command.delivery.format == "html"
    if is_html:
        require_pictures("--format html")
    if command.text is None and (command.second_text is not None or command.layers):
        flag = "--second-text" if command.second_text is not None else "--layer"
        raise UserError(f"{flag} goes with --text. Received: no --text", "Give --text TEXT.")
    require_traced_texts(command.text, command.second_text)
    if command.text is not None and not is_html:
        raise UserError(
            f"Attention maps are drawn in HTML. Received: --text with --format {command.delivery.format}",
            "Add --format html --out report.html.",
        )


def _all_task_models() -> list[Path]:
    """The complete runs with the head of a task in runs/, without those of --smoke and those that were moved aside."""
    found = [
        path
        for path in run_paths(USUAL_ROOT)
        if run_kind(path) in TASK_MODELS
        and state_of(path) == "complete"
        and not is_aside(path)
        and SMOKE_ROOT not in path.parents
        and _has_task(path)
    ]
    if not found:
        raise UserError(
            f"`mbert report` needs complete task models. Received: none in {USUAL_ROOT}",
            f"Make one with `{maker_of('finetune', USUAL_ROOT)}`, or name runs or .tflite files.",
        )
    console.info(f"All complete task models in {USUAL_ROOT}: {', '.join(path.name for path in found)}")
    return found


def _has_task(path: Path) -> bool:
    return ModelDescription.load(path / FINAL).task is not None


def _shown_among(paths: Sequence[Path], *, are_alone: bool) -> Sequence[Path]:
    """Leaves out, and says so, what a pattern such as runs/* names beside what can be shown.

    Args:
        paths: What was named, without artifacts.
        are_alone: Whether nothing else is shown: without one that can be, all are kept, to be refused.
    """
    reasons = {path: _why_left_out(path) for path in paths}
    shown = [path for path, reason in reasons.items() if reason is None]
    if are_alone and not shown:
        return paths
    for path, reason in reasons.items():
        if reason:
            console.warning(f"{path} is left out: {reason}.")
    return shown


def _why_left_out(path: Path) -> str | None:
    """Why a run is not shown among others; None where it is, and where naming it was a mistake."""
    if _inner_models(path):
        return "it is a folder of runs"
    if not is_run(path) or run_around(path):
        return None
    if (kind := run_kind(path)) not in WITH_WEIGHTS:
        return f"a run of `mbert {command_of(kind)}` has no model"
    return None if (path / FINAL).is_dir() else f"it is {state_of(path)}"


def _inner_models(path: Path) -> list[Path]:
    """The runs with weights in a folder that is none itself."""
    if is_run(path) or not path.is_dir():
        return []
    return [run for run in run_paths(path) if run_kind(run) in WITH_WEIGHTS]


def _open(path: Path) -> RunModel:
    """The run in a directory; a folder of runs is told from what is no run at all."""
    if inner := _inner_models(path):
        raise UserError(
            f"`mbert report` takes runs and .tflite files. Received: {path}, a folder of runs",
            f"Name runs in it, such as `mbert report {path_words(inner[:_NAMED])}`.",
        )
    refuse_artifact_folder(path)
    return RunModel.open(path, WITH_WEIGHTS)


def _require_artifact(path: Path) -> None:
    """Checks that a .tflite file is there, is one, and is whole as far as what is packed into it tells.

    Raises:
        UserError: It is not.
    """
    from mbert_cli.tflite.metadata import read_metadata  # loads LiteRT's schema

    if not path.is_file():
        what = "a folder" if path.is_dir() else "which does not exist"
        raise UserError(
            f"An artifact must be a .tflite file. Received: {path}, {what}", _artifacts_beside(path)
        )
    read_metadata(path.read_bytes(), path)


def _artifacts_beside(path: Path) -> str:
    """The artifacts of the run that a missing one would belong to."""
    folders = path.parents
    run = folders[2] if len(folders) > 2 and folders[1].name == EXPORT and is_run(folders[2]) else None
    found = exported(run) if run else []
    if found:
        return f"{run} has {', '.join(map(str, found))}."
    return f"Make one with `mbert export-tflite {path_word(run) if run else 'RUN'}`."
