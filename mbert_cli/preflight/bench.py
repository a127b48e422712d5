"""What `mbert bench` needs: artifacts."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mbert_cli.errors import UserError
from mbert_cli.preflight.inspection import Inspection
from mbert_cli.preflight.targets import find_targets, look_at_models
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import BenchRecipe
from mbert_cli.runs.artifacts import exported
from mbert_cli.tasks.model import ARTIFACT, TaskModel


@dataclass(frozen=True)
class Ready:
    """What was found.

    Attributes:
        invocation: The command.
        recipe: Its recipe.
        models: The artifacts, opened, each once for every one of its lengths.
    """

    invocation: Invocation[BenchRecipe]
    recipe: BenchRecipe
    models: Sequence[TaskModel]

    @property
    def artifacts(self) -> list[Path]:
        """The .tflite files, each once."""
        return list(dict.fromkeys(model.path for model in self.models))


def resolve(invocation: Invocation[BenchRecipe], inspection: Inspection) -> Ready:
    """Looks at the artifacts."""
    models = look_at_models(inspection, invocation, find=_artifacts)
    return Ready(
        invocation, invocation.recipe, [one for model in models.value for one in _at_each_length(model)]
    )


def _at_each_length(model: TaskModel) -> list[TaskModel]:
    artifact = model.artifact
    return [model.with_artifact(artifact.at(length)) for length in artifact.lengths] if artifact else [model]


def _artifacts(invocation: Invocation[BenchRecipe]) -> list[Path]:
    """The .tflite files that are named; a run, or the newest one, stands for all that it exported."""
    artifacts: list[Path] = []
    for target in map(Path, find_targets(replace(invocation, run=None))):  # --run gets the report
        found = [target] if target.suffix == ARTIFACT else exported(target)
        if not found:
            raise UserError(
                f"`mbert bench` times .tflite files. Received: {target}, which has none.",
                f"Make one with `mbert export-tflite {shlex.quote(str(target))}`.",
            )
        artifacts += found
    return artifacts
