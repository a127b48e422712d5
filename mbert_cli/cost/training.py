"""What each stage of a training costs, from its architectures alone; nothing is built."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from mbert_cli.cost.exchange import Workload
from mbert_cli.cost.passes import Passes, count_backward, count_operations, lowest_place
from mbert_cli.cost.products import Network, Product, products_of
from mbert_cli.distill.widths import Sharing, name_projections
from mbert_cli.model.cost import FLOAT_BYTES
from mbert_cli.model.splitting import MODEL_AXIS, divided_axes
from mbert_cli.model.weight_shapes import Shape
from mbert_cli.train.stage import Comparison, Stage

RELATIONS = "attention_relations"
"""The one loss whose own matrix products count: of queries, keys and values with themselves, on both sides."""


@dataclass(frozen=True)
class Training:
    """What takes part in a training, as far as its cost depends on it.

    Attributes:
        role: What trains, in a word.
        network: Its network.
        batch_size: Examples of a step.
        lengths: Tokens of an example, padding included -> share of the steps with batches of that length.
        predictions: Masked words of an example.
        teacher: What it is compared with; None without one, or where the outputs of one are read from disk.
        sharing: Which places have a projection in common, where the teacher's hidden states are wider or narrower.
        repeats_blocks: Whether blocks run forward once more for their gradients.
        validation_batches: Batches of all validations of a stage, by its name.
        recorded: Names of the stages for which the teacher runs once over all rows, and not in every step.
        recorded_rows: How many rows these are.
    """

    role: str
    network: Network
    batch_size: int
    lengths: Mapping[int, float]
    predictions: int = 0
    teacher: Network | None = None
    sharing: Sharing = "embeddings_and_layers"
    repeats_blocks: bool = False
    validation_batches: Mapping[str, int] = field(default_factory=dict)
    recorded: frozenset[str] = frozenset()
    recorded_rows: int = 0

    @property
    def length(self) -> int:
        """Tokens of the longest examples."""
        return max(self.lengths)


@dataclass(frozen=True)
class StageCost:
    """What a stage costs.

    Attributes:
        stage: The stage.
        step: Operations of a step.
        validation: Operations of a batch of its validation.
        trained: Numbers of all weights that train, those of projections included.
        divided: Those of them that devices which divide a model have a part of each.
    """

    stage: Stage
    step: Passes
    validation: float
    trained: int
    divided: int = 0

    @property
    def total(self) -> Passes:
        """Operations of all steps."""
        return self.step * self.stage.steps

    @property
    def gradient_bytes(self) -> int:
        """Bytes of the gradients that devices exchange at each step."""
        return FLOAT_BYTES * self.trained

    @property
    def divided_bytes(self) -> int:
        """Bytes of the gradients of which each of the devices that divide a model has a part."""
        return FLOAT_BYTES * self.divided

    def workload(self, seconds: float) -> Workload:
        """What devices share out of a step whose arithmetic takes so long on one."""
        return Workload(seconds, self.gradient_bytes, self.divided_bytes)

    def trained_per_device(self, model_parallel: int) -> int:
        """Numbers of the weights that train on one of the devices which divide a model."""
        return self.trained - self.divided * (model_parallel - 1) // model_parallel


def cost_of_stage(training: Training, stage: Stage) -> StageCost:
    """What a stage costs."""
    network, places = training.network, [comparison.student_place for comparison in stage.compare]
    compared = {loss for comparison in stage.compare for loss in comparison.losses}
    is_whole = bool(set(stage.loss_weights) - compared) or not places or None in places
    depth = None if is_whole else max(place for place in places if place is not None)
    step, validation = Passes(), Passes()
    for length, share in training.lengths.items():
        products = products_of(network, length, training.predictions, depth)
        products += _beside(training, stage, length)
        passes = Passes(
            count_operations(products),
            count_backward(products, _trains(stage)),
            0 if stage.name in training.recorded else _teaching(training, stage, length),
            _repeated(products, _trains(stage)) if training.repeats_blocks else 0,
        )
        step += passes * (share * training.batch_size)
        validation += Passes(passes.forward, 0, passes.teacher) * (share * training.batch_size)
    trained = _count_trained(training, stage)
    return StageCost(stage, step, validation.total, trained, _count_divided(training, stage))


def _trains(stage: Stage) -> Callable[[str], bool]:
    """Whether a layer trains, or a projection."""

    def trains(layer: str) -> bool:
        if layer.endswith("projection"):
            return stage.companion_scale > 0
        return stage.layer_scale is None or stage.layer_scale.get(layer, 0) > 0

    return trains


def _beside(training: Training, stage: Stage, length: int) -> list[Product]:
    """Products that only the comparison with a teacher makes: projections, and relations of attention."""
    if training.teacher is None:
        return []
    dim, wide = training.network.size.hidden_dim, training.teacher.size.hidden_dim
    projected = projections_of(training, stage.compare)
    found = [
        Product(name, place, 2 * length * dim * wide, is_aside=True) for place, name in projected.items()
    ]
    relations = 3 * 2 * length * length * training.network.size.block_dim
    return found + [
        Product(RELATIONS, comparison.student_place or 0, relations, is_weighted=False, is_aside=True)
        for comparison in stage.compare
        if RELATIONS in comparison.losses
    ]


def _teaching(training: Training, stage: Stage, length: int) -> int:
    """Operations of the teacher for one example, up to the last of its places that is compared."""
    teacher, places = training.teacher, [comparison.teacher_place for comparison in stage.compare]
    if teacher is None or not places:
        return 0
    depth = None if None in places else max(place for place in places if place is not None)
    relations = sum(RELATIONS in comparison.losses for comparison in stage.compare)
    own = count_operations(products_of(teacher, length, training.predictions, depth))
    return own + relations * 3 * 2 * length * length * teacher.size.block_dim


def count_recording(training: Training, plan: Sequence[Stage]) -> float:
    """Operations of the teacher that runs once over the rows, as far as the stage that needs most of it."""
    lengths, rows = training.lengths.items(), training.recorded_rows
    needed = (
        sum(share * _teaching(training, stage, length) for length, share in lengths)
        for stage in plan
        if stage.name in training.recorded
    )
    return rows * max(needed, default=0)


def _repeated(products: Sequence[Product], trains: Callable[[str], bool]) -> int:
    """Operations of the blocks through which gradients go."""
    lowest = lowest_place(products, trains)
    blocks = [one for one in products if one.layer.startswith("layer_") and not one.is_aside]
    return sum(one.operations for one in blocks if one.place >= lowest)


def parameters_of(training: Training, plan: Sequence[Stage]) -> dict[str, int]:
    """Numbers of all weights, by whose they are: those of the teacher, of what trains, and of projections."""
    counts = {} if training.teacher is None else {"teacher": training.teacher.parameters}
    counts[training.role] = training.network.parameters
    names = projections_of(training, [one for stage in plan for one in stage.compare]).values()
    return counts | dict.fromkeys(sorted(names), _projection_size(training))


def projections_of(training: Training, compare: Sequence[Comparison]) -> dict[int, str]:
    """Name of the projection for each place of the student that has one."""
    if training.teacher is None:
        return {}
    dims = training.teacher.size.hidden_dim, training.network.size.hidden_dim
    return name_projections(compare, *dims, training.sharing)


def _count_trained(training: Training, stage: Stage) -> int:
    """Numbers of the weights that train."""
    own = sum(map(math.prod, _trained_shapes(training, stage).values()))
    if not stage.companion_scale:
        return own
    return own + len(set(projections_of(training, stage.compare).values())) * _projection_size(training)


def _count_divided(training: Training, stage: Stage) -> int:
    """Numbers of the weights that train and are divided among the devices of a model, where there are several."""
    shapes = _trained_shapes(training, stage)
    return sum(math.prod(shape) for name, shape in shapes.items() if MODEL_AXIS in divided_axes(name))


def _trained_shapes(training: Training, stage: Stage) -> dict[str, Shape]:
    trains = _trains(stage)
    return {name: shape for name, shape in training.network.shapes.items() if trains(name.split("/")[0])}


def _projection_size(training: Training) -> int:
    wide = training.teacher.size.hidden_dim if training.teacher else 0
    return (training.network.size.hidden_dim + 1) * wide
