"""The pre-flight of each verb: whether a recipe can be run now, without running anything of it."""

import contextlib
import os
from collections.abc import Callable
from typing import Any

from mbert_cli import console
from mbert_cli.backend import BACKENDS, VARIABLE, require_backend
from mbert_cli.errors import UserError
from mbert_cli.preflight.inputs import look_at_length
from mbert_cli.preflight.inspection import Finding, Inspection, Looked, NotFound
from mbert_cli.preflight.resolving import resolve
from mbert_cli.preflight.task import look_at_task
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.runs.lineage import TASK_MODELS
from mbert_cli.runs.listing import maker_of, newest_complete
from mbert_cli.tasks.kinds import kind_of
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.saved_model import RunModel

RESOLVED = ("prepare", "train-teacher", "distill", "finetune")


def run_checks(invocation: Invocation[Any]) -> list[Finding]:
    """Looks at all that a verb needs; the recipe itself is valid, or it would not have been loaded."""
    inspection = Inspection(goes_on=True)
    inspection.note("recipe", f"{invocation.verb}/{invocation.loaded.name} is valid")
    inspection.look("backend", lambda: (os.environ.get(VARIABLE) or BACKENDS[0], require_backend()))
    with console.silence():
        if invocation.verb in RESOLVED:
            with contextlib.suppress(NotFound):
                resolve(invocation, inspection)
        else:
            _CHECKS[invocation.verb](invocation, inspection)
    return inspection.findings


def require_ready(invocation: Invocation[Any]) -> Any:
    """Checks what a verb needs in a fraction of the time that loading its libraries takes.

    Raises:
        UserError: Something would stop it.
    """
    if invocation.verb in RESOLVED:
        return resolve(invocation)
    return invocation  # the target may be an artifact, which needs the libraries to be looked at


def _evaluate(invocation: Invocation[Any], inspection: Inspection) -> None:
    model, task = _task_model(invocation, inspection).found, invocation.loaded.recipe.task
    task = task or (model.task if model else None)
    if task:
        look_at_task(inspection, task)


def _predict(invocation: Invocation[Any], inspection: Inspection) -> None:
    _task_model(invocation, inspection)


def _export(invocation: Invocation[Any], inspection: Inspection) -> None:
    model = _task_model(invocation, inspection).found
    if model and model.task:
        length = invocation.loaded.recipe.export.sequence_length or model.task.sequence_length
        look_at_length(inspection, "sequence length", length, lambda: model.size)
        look_at_task(inspection, model.task)


_CHECKS: dict[str, Callable[[Invocation[Any], Inspection], None]] = {
    "eval": _evaluate,
    "predict": _predict,
    "export-tflite": _export,
    "bench": _predict,
}


def _task_model(invocation: Invocation[Any], inspection: Inspection) -> Looked[ModelDescription]:
    def check() -> tuple[str, ModelDescription]:
        path = invocation.run or newest_complete(invocation.root, ("finetune",))
        if path is None:
            raise UserError(
                f"`mbert {invocation.verb}` needs a complete finetune run. Received: none in {invocation.root}",
                f"Make one with `{maker_of('finetune', invocation.root)}`.",
            )
        description = RunModel.open(path, TASK_MODELS).description
        what = "labels" if kind_of(description.kind).has_labels else "outputs"
        return f"{path}: {what} {', '.join(description.output_names or ())}", description

    return inspection.look("task model", check)
