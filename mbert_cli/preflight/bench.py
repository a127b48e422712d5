"""What `mbert bench` needs: artifacts."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from mbert_cli import console
from mbert_cli.errors import UserError
from mbert_cli.examples.loading import require_task
from mbert_cli.examples.options import AnyTask, ImportedTask
from mbert_cli.figures import counted
from mbert_cli.phone.adb import Device, find_binary, find_device
from mbert_cli.phone.benchmark_log import (
    BenchmarkLog,
    parse_benchmark_logs,
    read_log,
    unfinished_runs,
)
from mbert_cli.preflight.inspection import Inspection
from mbert_cli.preflight.targets import find_targets, look_at_models
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import BenchRecipe
from mbert_cli.report.attention_maps import require_pictures
from mbert_cli.runs.artifacts import ARTIFACT, exported, refuse_artifact_folder
from mbert_cli.runs.lineage import PRETRAINED, TASK_MODELS
from mbert_cli.runs.listing import is_run, run_around, run_kind
from mbert_cli.shell_words import path_word
from mbert_cli.tasks.model import TaskModel
from mbert_cli.tflite.census import stored_mode
from mbert_cli.tflite.modes import MODES


@dataclass(frozen=True)
class Ready:
    """What was found.

    Attributes:
        invocation: The command.
        recipe: Its recipe.
        models: The artifacts, opened, each once for every one of its lengths.
        phone: The phone that they are timed on, and LiteRT's benchmark for it; None for this machine.
        logs: What the log that is named says; it is shown, and nothing timed.
    """

    invocation: Invocation[BenchRecipe]
    recipe: BenchRecipe
    models: Sequence[TaskModel]
    phone: tuple[Device, Path] | None = None
    logs: Sequence[BenchmarkLog] = ()

    @property
    def artifacts(self) -> list[Path]:
        """The .tflite files, each once."""
        return list(dict.fromkeys(model.path for model in self.models))


def resolve(invocation: Invocation[BenchRecipe], inspection: Inspection) -> Ready:
    """Looks at the artifacts, and at the phone or the log that is named."""
    recipe = invocation.recipe
    if invocation.adb is None:
        inspection.look("benchmark", lambda: _refuse_binary(invocation))
    if invocation.log is not None:
        logs = inspection.look("log", lambda: _read_log(invocation))
        return Ready(invocation, recipe, [], logs=logs.value)
    if invocation.sweep:
        inspection.look("sweep", lambda: _require_sweep(invocation))
    models = look_at_models(inspection, invocation, find=_artifacts)
    if recipe.bench.delegate == "none":
        _refuse_other_answers(models.value)
    phone = None
    if invocation.adb is not None:
        _refuse_text_input(models.value)
        phone = inspection.look("phone", lambda: _find_phone(invocation)).value
    else:
        inspection.look(
            "task", lambda: _require_examples([timed_task(recipe, model) for model in models.value])
        )
    return Ready(invocation, recipe, [one for model in models.value for one in _at_each_length(model)], phone)


def _refuse_binary(invocation: Invocation[BenchRecipe]) -> tuple[str, None]:
    """Refuses a benchmark for phones, typed where nothing runs on one; a recipe may name it for another time."""
    binary = invocation.recipe.bench.binary
    if binary is not None and invocation.loaded.origins.get("bench.binary", "").startswith("--"):
        raise UserError(
            f"bench.binary has no effect without --adb, which alone times on a phone. Received: {binary}",
            "Add --adb, or leave bench.binary out.",
        )
    return "on this machine", None


def timed_task(recipe: BenchRecipe, model: TaskModel) -> AnyTask:
    """The recipe section of the task whose examples an artifact is timed with; raises as `TaskModel.own_task`."""
    return recipe.task or model.own_task


def _require_examples(tasks: Sequence[AnyTask]) -> tuple[str, None]:
    """Looks whether there is what artifacts are timed with; it is read before they are."""
    for task in tasks:
        if not isinstance(task, ImportedTask):
            with others_hinted():
                require_task(task, "validation")
    return ", ".join(dict.fromkeys(task.source for task in tasks)), None


@contextmanager
def others_hinted() -> Iterator[None]:
    """Says of examples that cannot be read, as where an artifact came to a machine alone, that others do as well."""
    try:
        yield
    except UserError as error:
        others = "With --set task.source=imported documentation of installed packages takes their place."
        raise UserError(error.message, f"{error.hint} {others}") from error


def _refuse_text_input(models: Sequence[TaskModel]) -> None:
    for model in models:
        if model.keeps_texts:
            raise UserError(
                "LiteRT's benchmark has no operations of tensorflow-text. "
                f"Received: --adb for {model.path}, which has its tokenizer inside",
                "Time an artifact of the same run that was exported with export.tokenizer=outside.",
            )


def _refuse_other_answers(models: Sequence[TaskModel]) -> None:
    """Refuses to time four bits by kernels that give other answers."""
    for model in models:
        if MODES[stored_mode(model.path.read_bytes())].has_4_bit_kernels:
            raise UserError(
                "Four bits are timed with XNNPACK: TFLite's own kernels give other answers. "
                f"Received: bench.delegate=none for {model.path}",
                "Take bench.delegate=xnnpack, or an artifact in another mode.",
            )


def _require_sweep(invocation: Invocation[BenchRecipe]) -> tuple[str, None]:
    """Refuses what a sweep does not do, and a page without what draws its pictures."""
    against = invocation.recipe.bench.against
    beside = [f"--against {against}"] if against else []
    beside += ["--adb"] if invocation.adb is not None else []
    if beside:
        raise UserError(
            f"`--sweep` times artifacts alone, on this machine. Received: {', '.join(beside)} beside it",
            "Leave out one of the two.",
        )
    if invocation.delivery.format == "html":
        require_pictures()
    return f"with {', '.join(map(str, invocation.recipe.bench.sweep.threads))} threads", None


def _find_phone(invocation: Invocation[BenchRecipe]) -> tuple[str, tuple[Device, Path]]:
    if invocation.recipe.bench.against is not None:
        raise UserError(
            "`--adb` times artifacts alone on a phone. "
            f"Received: --against {invocation.recipe.bench.against} beside it",
            "Leave --against out, or --adb.",
        )
    binary = find_binary(invocation.recipe.bench.binary)
    device = find_device(invocation.adb or "")
    return f"{device.name} ({device.serial})", (device, binary)


def _read_log(invocation: Invocation[BenchRecipe]) -> tuple[str, list[BenchmarkLog]]:
    path = invocation.log
    beside = [str(target) for target in invocation.targets]
    beside += ["--adb"] if invocation.adb is not None else []
    beside += ["--sweep"] if invocation.sweep else []
    beside += [f"--run {path_word(invocation.run)}"] if invocation.run is not None else []
    origins = invocation.loaded.origins
    typed = [
        (key, origin)
        for key, origin in origins.items()
        if key.startswith("bench.") and origin.startswith("--")
    ]
    beside += [f"{origin} {key}" if origin == "--set" else origin for key, origin in typed]
    if beside:
        raise UserError(
            f"`--log FILE` shows a saved log and times nothing. Received: {', '.join(beside)} beside it",
            "Leave out one of the two.",
        )
    if path is None or not path.is_file():
        raise UserError(
            f"`--log FILE` is what LiteRT's benchmark printed. Received: {path}, which is no file",
            "Save it on the computer: adb shell ... > FILE 2>&1.",
        )
    text = read_log(path)
    logs = parse_benchmark_logs(text, str(path))
    for end in unfinished_runs(text):
        console.warning(f"A run of the benchmark is left out: it timed nothing, and ends with: {end}")
    return f"{path}: {counted(len(logs), 'run')} of the benchmark", logs


def _at_each_length(model: TaskModel) -> list[TaskModel]:
    artifact = model.artifact
    return [model.with_artifact(artifact.at(length)) for length in artifact.lengths] if artifact else [model]


def _no_artifacts(target: Path) -> UserError:
    """What is said of a run that exported nothing, and of what is no run."""
    if not target.exists():
        return UserError(
            f"`mbert bench` times .tflite files. Received: {target}, which does not exist",
            "`mbert runs` lists the runs of a folder; an artifact is a file of a run, export/MODE/model.tflite.",
        )
    if target.is_file():
        return UserError(
            f"`mbert bench` times .tflite files. Received: {target}, which is none",
            "Name a run, or an artifact: export/MODE/model.tflite in the folder of a run.",
        )
    if run := run_around(target):
        return UserError(
            f"`mbert bench` times .tflite files. Received: {target}, which lies in a run",
            f"Name {path_word(run)}.",
        )
    kind = run_kind(target) if is_run(target) else "unknown"
    if kind in TASK_MODELS:
        hint = f"Make one with `mbert export-tflite {path_word(target)}`."
    elif kind in PRETRAINED:
        hint = (
            f"Fine-tune it first, `mbert finetune --source {path_word(target)}`, and export what that makes."
        )
    else:
        hint = "Name an artifact, or a fine-tuned run that was exported; `mbert runs` lists the runs of a folder."
    return UserError(f"`mbert bench` times .tflite files. Received: {target}, which has none", hint)


def _artifacts(invocation: Invocation[BenchRecipe]) -> list[Path]:
    """The .tflite files that are named; a run, or the newest one, stands for all that it exported."""
    artifacts: list[Path] = []
    for target in map(Path, find_targets(replace(invocation, run=None))):  # --run gets the report
        refuse_artifact_folder(target)
        found = [target] if target.suffix == ARTIFACT else exported(target)
        if not found:
            raise _no_artifacts(target)
        artifacts += found
    return artifacts
