"""The plan of a training run, shown before step 0."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from mbert_cli import console
from mbert_cli.figures import counted
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.train.options import TrainOptions
from mbert_cli.train.stage import Stage


def show_plan(
    invocation: Invocation[Any],
    plan: Sequence[Stage],
    networks: Mapping[str, keras.layers.Layer],
    options: TrainOptions,
) -> None:
    """Prints stages, steps, learning rates, losses, parameters and where the run is written.

    Args:
        invocation: The command.
        plan: The stages, in order.
        networks: What takes part, by its role.
        options: How the run trains.
    """
    rows = [
        (stage.name, f"{stage.steps:,}", f"{stage.schedule.peak:g}", _layers(stage), _losses(stage))
        for stage in plan
    ]
    steps = sum(stage.steps for stage in plan)
    parameters = {f"{role} parameters": f"{net.count_params():,}" for role, net in networks.items()}
    console.plan(
        f"Plan: {counted(steps, 'step')} of {counted(options.batch_size, 'example')}, written to {invocation.run}",
        ["stage", "steps", "rate", "layers that train", "losses"],
        rows,
        parameters,
        is_result=invocation.dry_run,
    )


def _layers(stage: Stage) -> str:
    if stage.layer_scale is None:
        return "all"
    groups: dict[float, list[str]] = {}
    for layer, scale in stage.layer_scale.items():
        if scale > 0:
            groups.setdefault(scale, []).append(layer)
    return "; ".join(f"{_span(layers)} x {scale:g}" for scale, layers in groups.items())


def _span(layers: list[str]) -> str:
    return layers[0] if len(layers) == 1 else f"{layers[0]} to {layers[-1]}"


def _losses(stage: Stage) -> str:
    return ", ".join(f"{weight:g} {name}" for name, weight in stage.loss_weights.items() if weight)
