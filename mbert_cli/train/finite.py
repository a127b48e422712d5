"""A training ends where a loss or a weight is nan or infinite, before that reaches a checkpoint."""

import math
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from mbert_cli.errors import Diverged
from mbert_cli.hosts.devices import to_numpy
from mbert_cli.train.checkpoint import newest_checkpoint
from mbert_cli.train.objective import Objective
from mbert_cli.train.stage import Stage


def require_finite_losses(
    figures: Mapping[str, Sequence[float]], stage: Stage, start: int, checkpoints: Path
) -> None:
    """Checks the losses of some steps.

    Args:
        figures: For each figure its values, step by step; those that are losses begin with `loss/`.
        stage: The stage, for the message.
        start: Steps done before these.
        checkpoints: Where the last good checkpoint is.

    Raises:
        Diverged: A loss is not finite.
    """
    bad = [
        (place, name, value)
        for name, rows in figures.items() if name.startswith("loss/")
        for place, value in enumerate(rows) if not math.isfinite(value)
    ]  # fmt: skip
    if bad:
        place, name, value = min(bad)
        raise Diverged(
            f"A loss must stay finite. Received: {name} {value} in stage {stage.name} at step "
            f"{start + place + 1:,}, after finite losses up to step {start + place:,}",
            _advice(stage, checkpoints),
        )


def require_finite_weights(objective: Objective, stage: Stage, step: int, checkpoints: Path) -> None:
    """Checks the weights of a network and of its companions.

    Args:
        objective: Holds them.
        stage: The stage, for the message.
        step: Steps done.
        checkpoints: Where the last good checkpoint is.

    Raises:
        Diverged: A weight is not finite.
    """
    weights = (weight for layer in objective.trained_layers for weight in layer.weights)
    name = next((weight.path for weight in weights if not np.isfinite(to_numpy(weight.value)).all()), None)
    if name is not None:
        raise Diverged(
            f"Weights must stay finite. Received: {name} with nan or infinity in stage {stage.name} "
            f"after step {step:,}",
            _advice(stage, checkpoints),
        )


def _advice(stage: Stage, checkpoints: Path) -> str:
    found = newest_checkpoint(checkpoints, warnings.warn)
    good = f"The last good checkpoint is {found[0]}" if found else "There is no checkpoint yet"
    return f"{good}. Lower {stage.rate_key} and begin again with --fresh."
