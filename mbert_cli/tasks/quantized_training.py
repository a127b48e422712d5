"""Fine-tuning with fake quantization: a folded task network learns to live with the numbers of its artifact.

The folded architecture itself is trained and saved. Its weights are what the artifact stores, so that folding, which
the export does to every model, changes nothing any more; had the unfolded weights been trained, which channels may be
kept divided could change under way, and with them everything whose range is known by then.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import keras
from keras import ops

from mbert_cli import console
from mbert_cli.backend import Tensor
from mbert_cli.distill.strategies.task import SOFT_TARGETS
from mbert_cli.losses.loss import Tensors, measure
from mbert_cli.losses.tasks import TaskLoss
from mbert_cli.model.heads import with_columns
from mbert_cli.recipe.schema import FinetuneRecipe
from mbert_cli.tasks.kinds import kind_of
from mbert_cli.tasks.label_order import match_answers
from mbert_cli.tasks.training import Material, Method, build_network, fine_tuning, stage_of
from mbert_cli.tflite.fake_quantization import FakeQuantization
from mbert_cli.tflite.fold import fold
from mbert_cli.tflite.options import QuantizedTrainingOptions
from mbert_cli.tflite.rounded_network import build_rounded_network, with_ranges
from mbert_cli.tflite.roundings import Rounding, rounding_of
from mbert_cli.tflite.trained_ranges import TrainedRanges
from mbert_cli.train.objective import Objective, inputs_of
from mbert_cli.train.stage import Stage
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.saved_network import load_task_network
from mbert_cli.weights.variables import assign_variables, read_variables


@dataclass(frozen=True)
class TaskTraining:
    """A task model that is about to train.

    Attributes:
        material: What it learns from; the description is that of the model which is saved.
        network: It.
        method: How it learns.
    """

    material: Material
    network: keras.Model
    method: Method


def prepare_training(recipe: FinetuneRecipe, material: Material) -> TaskTraining:
    """The training that a recipe describes, with fake quantization where it has the section for it.

    Args:
        recipe: That of the fine-tuning.
        material: What all trainings from this source share.
    """
    network = build_network(recipe, material)
    if recipe.quantize is None:
        return TaskTraining(material, network, fine_tuning(recipe, material, network))
    return _quantized(recipe, recipe.quantize, material, network)


def _quantized(
    recipe: FinetuneRecipe, options: QuantizedTrainingOptions, material: Material, network: keras.Model
) -> TaskTraining:
    rounding = rounding_of(options.mode, options.target, options.block_size)
    folded, description = _fold_network(network, material, recipe, rounding)
    stage = stage_of(recipe, material)
    quantization = _quantize(folded, rounding, options, stage.steps)
    teacher = float_teacher(material) if options.teacher else None
    losses = RoundedLosses(folded, quantization, material.loss, teacher, options.temperature)
    share = options.ground_truth_ratio if teacher else 1.0
    weights = {material.loss.minimized: share, SOFT_TARGETS: 1.0 - share}
    plan = [replace(stage, loss_weights={name: weight for name, weight in weights.items() if weight})]

    def build(stage: Stage) -> Objective:
        known = stage.loss_weights
        length = recipe.train.dynamic_length
        return Objective(folded, losses, known, dynamic_length=length, companions=[quantization])

    def save(directory: Path) -> None:
        found = quantization.ranges
        target, block_size = options.target, options.block_size
        TrainedRanges(mode=options.mode, target=target, block_size=block_size, ranges=found).save(directory)

    method = Method(
        plan, build, recipe.train, recipe.seed, answering=with_ranges(folded, quantization), save_beside=save
    )
    return TaskTraining(replace(material, description=description), folded, method)


def _quantize(
    network: keras.Model, rounding: Rounding, options: QuantizedTrainingOptions, steps: int
) -> FakeQuantization:
    """Puts fake quantization into a network, and says how many ranges it has."""
    moving_updates = max(1, round(options.frozen_from * steps))  # a range that never moves would be 0 to 0
    quantization = FakeQuantization(
        network, rounding, momentum=options.momentum, moving_updates=moving_updates
    )
    if quantization.ranges:
        console.info(
            f"{options.mode}: {len(quantization.ranges)} ranges of activations, which stay from step "
            f"{moving_updates} on"
        )
    return quantization


def _fold_network(
    network: keras.Model, material: Material, recipe: FinetuneRecipe, rounding: Rounding
) -> tuple[keras.Model, ModelDescription]:
    """The network of the folded architecture with the weights of a task network, and its description."""
    weights, size = fold(read_variables(network), material.description.size)
    description = material.description.model_copy(update={"size": size})
    folded = build_rounded_network(
        size,
        kind_of(description.kind).head,
        rounding,
        num_outputs=len(description.output_names or ()),
        vocab_size=description.vocabulary.size,
        seed=recipe.seed,
        dropout_rate=recipe.dropout_rate,
    )
    assign_variables(folded, weights)
    return folded, description


def float_teacher(material: Material) -> keras.Model | None:
    """The float model that a run starts from, its outputs in the order of the task; None where it answers otherwise."""
    source, description = material.source, material.description
    columns = match_answers(description.output_names or [], description.kind, source.description)
    if columns is None:
        console.info(f"{source.path} has no answers to this task: it learns from the labels alone")
        return None
    teacher = with_columns(load_task_network(source, kind_of(description.kind).head), columns)
    teacher.trainable = False
    return teacher


class RoundedLosses(keras.layers.Layer):
    """The losses of a network that computes with rounded numbers, whose ranges follow while it trains.

    Args:
        network: The network.
        quantization: What stands at its places.
        loss: That of the task.
        teacher: The float model; None without one.
        temperature: Of its answers.

    Call arguments:
        batch: A task batch.
        training: Whether dropout is active and ranges may move.

    Returns:
        Every loss by its name.
    """

    def __init__(
        self,
        network: keras.Model,
        quantization: FakeQuantization,
        loss: TaskLoss,
        teacher: keras.Model | None,
        temperature: float,
    ) -> None:
        super().__init__(name="rounded_losses", dtype="float32")
        self.network, self.quantization, self.teacher = network, quantization, teacher
        self.losses_of_task: Mapping[str, Any] = loss.losses
        self.soft = partial(loss.soft.function, temperature=temperature)
        self.weigh_soft = loss.soft.weights
        self.built = True

    def call(self, batch: Tensors, training: bool = False) -> dict[str, Tensor]:
        inputs = inputs_of(self.network, batch)
        with self.quantization.observing(training):
            outputs = self.network(inputs, training=training)
        found = measure(self.losses_of_task, outputs, batch)
        if self.teacher is not None:
            answers = ops.stop_gradient(self.teacher(inputs, training=False)["logits"])
            weights = self.weigh_soft(batch)
            found[SOFT_TARGETS] = self.soft({"logits": answers}, outputs, batch, weights)
        return found
