"""The strategies of knowledge transfer, each a function that returns the list of its stages.

All take the same total of steps, `transfer_steps + pretraining_steps`, so that they can be compared.
Source: Sun et al., "MobileBERT", ACL 2020, section 3.4 (PKT, JKT and AKT in the paper).
"""

import itertools
from collections.abc import Callable

from mbert_cli.distill.options import DistillOptions
from mbert_cli.errors import UserError
from mbert_cli.model.options import Architecture, layer_name
from mbert_cli.train.options import OptimizerOptions
from mbert_cli.train.stage import Schedule, Stage

PRETRAINING_WEIGHTS = {"pretraining_distillation": 1.0, "next_sentence": 1.0}


def progressive(options: DistillOptions, num_layers: int, optimizer: OptimizerOptions) -> list[Stage]:
    """One stage a layer from the bottom up, then pre-training distillation.

    In the stage of a layer only that layer's losses count. Layers whose stage is over and the
    embeddings go on at `finished_layer_scale`; layers above are not even built. The code of 2020 keeps
    the embeddings fixed; `finished_layer_scale: 0` does so here.
    """
    finished = options.progressive.finished_layer_scale
    start = 1.0 if "embeddings" not in options.warm_start else finished
    stages = []
    for layer, steps in enumerate(_shares(options.transfer_steps, num_layers)):
        below = {layer_name(lower): finished for lower in range(layer)}
        embeddings = start if layer == 0 else finished
        stages.append(
            Stage(
                name=f"transfer {layer_name(layer)}",
                steps=steps,
                loss_weights=options.factors.model_dump(),
                schedule=_transfer_schedule(options, optimizer, steps, options.progressive.warmup_rate),
                layer_scale={"embeddings": embeddings, **below, layer_name(layer): 1.0},
                last_layer=layer,
            )
        )
    return [*stages, _pretraining_stage(options, optimizer)]


def joint(options: DistillOptions, num_layers: int, optimizer: OptimizerOptions) -> list[Stage]:
    """All layers' losses together, then pre-training distillation."""
    encoder = {layer_name(layer): 1.0 for layer in range(num_layers)}
    transfer = Stage(
        name="transfer all layers",
        steps=options.transfer_steps,
        loss_weights=options.factors.model_dump(),
        schedule=_transfer_schedule(options, optimizer, options.transfer_steps, optimizer.warmup_rate),
        layer_scale={"embeddings": 1.0, **encoder},
    )
    return [transfer, _pretraining_stage(options, optimizer)]


def auxiliary(options: DistillOptions, num_layers: int, optimizer: OptimizerOptions) -> list[Stage]:
    """All layers' losses and pre-training distillation together, in every step."""
    steps = options.transfer_steps + options.pretraining_steps
    return [
        Stage(
            name="transfer and pre-training distillation",
            steps=steps,
            loss_weights=options.factors.model_dump() | PRETRAINING_WEIGHTS,
            schedule=_schedule(optimizer.learning_rate, steps, optimizer.warmup_rate, optimizer.final_rate),
        )
    ]


STRATEGIES: dict[str, Callable[[DistillOptions, int, OptimizerOptions], list[Stage]]] = {
    "progressive": progressive,
    "joint": joint,
    "auxiliary": auxiliary,
}


def map_layers(teacher: Architecture, student: Architecture, options: DistillOptions) -> list[int]:
    """For each student layer, from 0, the teacher layer whose maps it learns.

    Raises:
        UserError: The layers cannot be mapped, or the maps of teacher and student differ in shape.
    """
    _require_equal("hidden_dim", teacher.hidden_dim, student.hidden_dim)
    _require_equal("num_heads", teacher.num_heads, student.num_heads)
    if options.layer_map is not None:
        return _checked_map(options.layer_map, teacher.num_layers, student.num_layers)
    if teacher.num_layers % student.num_layers:
        raise UserError(
            "The teacher's layers must be a multiple of the student's to be mapped evenly. "
            f"Received: {teacher.num_layers} teacher layers and {student.num_layers} student layers.",
            "Name the teacher layer for each student layer with --set distill.layer_map='[0, 2, …]'.",
        )
    stride = teacher.num_layers // student.num_layers
    return [stride * layer + stride - 1 for layer in range(student.num_layers)]


def _require_equal(field: str, teacher: int, student: int) -> None:
    if teacher != student:
        raise UserError(
            f"Layer transfer compares maps of equal shape, so {field} must be the same in both models. "
            f"Received: {teacher} in the teacher and {student} in the student.",
            f"Choose another model.size, or --set model.changes.{field}={teacher}.",
        )


def _checked_map(layer_map: list[int], teacher_layers: int, student_layers: int) -> list[int]:
    if len(layer_map) != student_layers or max(layer_map) >= teacher_layers:
        raise UserError(
            f"distill.layer_map needs one teacher layer, 0 to {teacher_layers - 1}, for each of the "
            f"student's {student_layers} layers. Received: {layer_map}.",
            "distill.layer_map=null maps the layers evenly.",
        )
    return list(layer_map)


def _shares(steps: int, num_layers: int) -> list[int]:
    """Shares of the steps that differ by at most one and add up to all of them.

    Raises:
        UserError: There are fewer steps than layers.
    """
    if steps < num_layers:
        raise UserError(
            f"The strategy progressive needs at least one transfer step a layer. "
            f"Received: {steps} steps for {num_layers} layers.",
            "Raise distill.transfer_steps.",
        )
    edges = [steps * layer // num_layers for layer in range(num_layers + 1)]
    return [end - start for start, end in itertools.pairwise(edges)]


def _transfer_schedule(
    options: DistillOptions, optimizer: OptimizerOptions, steps: int, warmup_rate: float
) -> Schedule:
    """Warm-up, then a constant rate: the stages that follow go on from where a layer stands."""
    peak = options.transfer_learning_rate or optimizer.learning_rate
    return _schedule(peak, steps, warmup_rate, final_rate=1.0)


def _pretraining_stage(options: DistillOptions, optimizer: OptimizerOptions) -> Stage:
    return Stage(
        name="pre-training distillation",
        steps=options.pretraining_steps,
        loss_weights=PRETRAINING_WEIGHTS,
        schedule=_schedule(
            optimizer.learning_rate,
            options.pretraining_steps,
            optimizer.warmup_rate,
            optimizer.final_rate,
        ),
    )


def _schedule(peak: float, steps: int, warmup_rate: float, final_rate: float) -> Schedule:
    return Schedule(peak=peak, steps=steps, warmup_steps=round(steps * warmup_rate), final=final_rate)
