"""AdamW and LAMB that update all weights with the same treatment as one flat array.

An optimizer of Keras builds a small graph for each weight. A MobileBERT has 1,100 weights, and those
graphs take most of the time to the first step. Here the gradients of a group of weights are laid end to
end, the rule is applied once, and the result is cut up again. Where devices divide the weights, each weight is
a group by itself in its own shape, divided as it is; the state that is saved is the same.

Both rules correct the moments for starting at 0, unless the options say otherwise. BERT's own code does
not, which makes the first steps up to six times too large, and at rates above 1e-4 a pre-trained encoder
then forgets what it knew (Mosbach et al., "On the Stability of Fine-tuning BERT", and Zhang et al.,
"Revisiting Few-sample BERT Fine-tuning", both ICLR 2021).
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

import keras
import numpy as np
from keras import ops

from mbert_cli.backend import Tensor
from mbert_cli.hosts.devices import divides_models, to_numpy
from mbert_cli.hosts.layout import layout_of
from mbert_cli.train.options import OptimizerOptions
from mbert_cli.train.stage import Schedule
from mbert_cli.train.weight_groups import FlatGroup, cut_into_parts, join_arrays, part_arrays, shaped_weights

# LAMB needs the norm of each weight. Each is padded to whole rows of this length, so that the norms of
# all weights in a flat array are two sums instead of two for each weight.
_ROW_VALUES = 128

_KINDS = ("first_moment", "second_moment", "accumulator")
_GATHERED = "gathered"
"""Steps whose gradients lie in the accumulators."""
_Result = TypeVar("_Result")
_Update = tuple[Tensor, Tensor, Tensor]
"""What to subtract from a flat array of weights, and both its new moments."""


def make_optimizer(
    options: OptimizerOptions,
    schedule: Schedule,
    scales: Sequence[tuple[keras.Variable, float]],
    accumulation_steps: int = 1,
) -> keras.optimizers.Optimizer:
    """Returns the optimizer of one stage; its `build` must be called before `fit`.

    Args:
        options: Rule and settings.
        schedule: Learning rate by step of the stage.
        scales: Every weight that trains with the factor of its learning rate, above 0.
        accumulation_steps: Steps whose gradients are averaged into one update. The stage's last step
            updates with what has gathered by then.
    """
    rule = FlatLamb if options.name == "lamb" else FlatAdamW
    return rule(options, schedule, scales, accumulation_steps)


class LinearSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """`Schedule.at` as operations, so that the rate is part of the compiled step."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule

    def __call__(self, step: Tensor) -> Tensor:
        schedule = self.schedule
        step = ops.cast(step, "float32")
        rise = step / max(1, schedule.warmup_steps)
        fall = (step - schedule.warmup_steps) / max(1, schedule.steps - schedule.warmup_steps)
        fall = 1.0 + (schedule.final - 1.0) * ops.minimum(fall, 1.0)
        return schedule.peak * ops.where(step < schedule.warmup_steps, rise, fall)


class FlatAdamW(keras.optimizers.Optimizer):
    """Adam with decoupled weight decay: w -= rate * (m / (sqrt(v) + epsilon) + decay * w).

    With bias correction, m stands for m / (1 - beta_1 ** t) and v for v / (1 - beta_2 ** t) at update t,
    counted from 1. A weight without a gradient counts as one with a gradient of 0.

    Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019, algorithm 2.

    Args: those of `make_optimizer`.
    """

    _adapted_row_values = 1

    def __init__(
        self,
        options: OptimizerOptions,
        schedule: Schedule,
        scales: Sequence[tuple[keras.Variable, float]],
        accumulation_steps: int = 1,
    ) -> None:
        super().__init__(learning_rate=LinearSchedule(schedule), name="optimizer")
        self.options = options
        self.accumulation_steps = accumulation_steps
        self._last_step = schedule.steps - 1
        self._scales = {id(variable): scale for variable, scale in scales}

    def build(self, variables: Sequence[keras.Variable]) -> None:
        """Creates the moments, and the accumulators if there are any, all as flat arrays."""
        super().build(list(variables))
        self.flat_groups = self._group(self._trainable_variables)
        self._groups = self.flat_groups
        if divides_models():
            self._groups = [weight for group in self.flat_groups for weight in shaped_weights(group)]
        self._first_moments, self._second_moments = map(self._add_arrays, _KINDS[:2])
        self._accumulators = []
        if self.accumulation_steps > 1:
            self._accumulators = self._add_arrays(_KINDS[2])
            self._gathered = self.add_variable((), dtype="int32", name=_GATHERED)

    def apply(
        self, grads: Sequence[Tensor], trainable_variables: Sequence[keras.Variable] | None = None
    ) -> None:
        """Updates the weights; replaces the whole of Keras' update of one weight after the other."""
        if trainable_variables is not None:
            self._check_variables_are_known(trainable_variables)
        gradients = [self._flat_gradient(group, grads) for group in self._groups]
        if self.accumulation_steps > 1:
            for place, update in enumerate(self._accumulate(gradients)):
                self._subtract(place, self._keep_moments(place, update))
        else:
            factors = self._factors(gradients)
            for place, gradient in enumerate(gradients):
                delta = _in_one_pass(partial(self._advance, place))(gradient, *factors)
                if delta is not None:
                    self._subtract(place, delta)
        self._iterations.assign_add(1)

    def _advance(self, place: int, gradient: Tensor, *factors: Tensor) -> Tensor | None:
        """Updates the moments of a group where they lie, and the weight of a group of one.

        Returns:
            What is still to be subtracted from the weights of a group of several, (values,): it is cut up later,
            because XLA would compile a loop for each of them.
        """
        delta = self._keep_moments(place, self._update(place, gradient, *factors))
        if len(self._groups[place].variables) > 1:
            return delta
        self._subtract(place, delta)
        return None

    def _keep_moments(self, place: int, update: _Update) -> Tensor:
        """Assigns the new moments of a group; returns what is left of its update."""
        delta, first_moment, second_moment = update
        self._first_moments[place].assign(first_moment)
        self._second_moments[place].assign(second_moment)
        return delta

    def _subtract(self, place: int, delta: Tensor) -> None:
        group = self._groups[place]
        for variable, piece in zip(group.variables, group.unflatten(delta), strict=True):
            self.assign_sub(variable, piece)

    def _group(self, variables: list[keras.Variable]) -> list[FlatGroup]:
        """Variables of one scale and treatment together, in their order, up to the length limit."""
        alike: dict[tuple[float, bool], list[int]] = {}
        for place, variable in enumerate(variables):
            key = (self._scales[id(variable)], variable.name in self.options.no_decay)
            alike.setdefault(key, []).append(place)
        groups = []
        for (scale, excluded), places in alike.items():
            row_values = 1 if excluded else self._adapted_row_values
            for part in cut_into_parts(places, variables):
                members = [variables[place] for place in part]
                groups.append(FlatGroup(members, part, scale, excluded, row_values))
        return groups

    def _add_arrays(self, name: str) -> list[keras.Variable]:
        return [
            self.add_variable(
                group.shape, dtype="float32", layout=layout_of(group.variables[0]), name=f"{name}_{place}"
            )
            for place, group in enumerate(self._groups)
        ]

    def _flat_gradient(self, group: FlatGroup, gradients: Sequence[Tensor]) -> Tensor:
        found = [gradients[place] for place in group.places]
        pairs = zip(found, group.variables, strict=True)
        return group.flatten([ops.zeros(v.shape) if g is None else g for g, v in pairs])

    def _accumulate(self, gradients: Sequence[Tensor]) -> list[_Update]:
        """Adds gradients up and returns updates that change nothing until it is time for one."""
        gathered = self._gathered.value + 1
        is_full = ops.equal(gathered, self.accumulation_steps)
        is_update = ops.logical_or(is_full, ops.equal(self._iterations, self._last_step))
        sums = [total.value + new for total, new in zip(self._accumulators, gradients, strict=True)]
        count = ops.cast(gathered, "float32")

        def update() -> tuple[list[_Update], list[Tensor]]:
            zeros = [ops.zeros_like(total) for total in sums]
            return self._updates([total / count for total in sums]), zeros

        def wait() -> tuple[list[_Update], list[Tensor]]:
            moments = zip(self._first_moments, self._second_moments, strict=True)
            return [(ops.zeros_like(m.value), m.value, v.value) for m, v in moments], sums

        # Values in and values out: on JAX a condition cannot assign.
        updates: list[_Update]
        updates, remainders = ops.cond(is_update, update, wait)
        for total, remainder in zip(self._accumulators, remainders, strict=True):
            total.assign(remainder)
        self._gathered.assign(ops.where(is_update, 0, gathered))
        return updates

    def _updates(self, gradients: Sequence[Tensor]) -> list[_Update]:
        """Flat gradients -> for each group what to subtract and both new moments, each (values,)."""
        factors = self._factors(gradients)
        return [
            _in_one_pass(partial(self._update, place))(gradient, *factors)
            for place, gradient in enumerate(gradients)
        ]

    def _factors(self, gradients: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """What all groups have in common in an update, in the order in which `_update` takes it."""
        return self._clip_factor(gradients), self.learning_rate, self._corrections()

    def _corrections(self) -> Tensor:
        """(2,): what the first and the second moment are multiplied by, since both start at 0."""
        if not self.options.bias_correction:
            return ops.ones((2,))
        update = ops.cast(self._iterations // self.accumulation_steps + 1, "float32")
        betas = np.array([self.options.beta_1, self.options.beta_2])
        with np.errstate(divide="ignore"):  # a beta of 0 needs no correction, and gets 1 - exp(-inf)
            logarithms = np.log(betas).astype("float32")
        # 1 - beta ** update would lose four digits of a beta of 0.999.
        return -1.0 / ops.expm1(ops.convert_to_tensor(logarithms) * update)

    def _clip_factor(self, gradients: Sequence[Tensor]) -> Tensor:
        limit = self.options.clip_norm
        if limit is None:
            return ops.ones(())
        norm = ops.sqrt(sum(_squared_norm(gradient) for gradient in gradients))
        return limit / ops.maximum(norm, limit)

    def _update(
        self, place: int, gradient: Tensor, clip_factor: Tensor, rate: Tensor, corrections: Tensor
    ) -> _Update:
        options, group = self.options, self._groups[place]
        gradient = gradient * clip_factor
        first = self._first_moments[place].value * options.beta_1 + gradient * (1 - options.beta_1)
        second = self._second_moments[place].value * options.beta_2
        second = second + ops.square(gradient) * (1 - options.beta_2)
        direction = first * corrections[0] / (ops.sqrt(second * corrections[1]) + options.epsilon)
        if not group.excluded:
            direction = self._decay_and_adapt(group, direction)
        return direction * (rate * group.scale), first, second

    def _decay_and_adapt(self, group: FlatGroup, direction: Tensor) -> Tensor:
        if not self.options.weight_decay:
            return direction
        return direction + group.flatten(group.variables) * self.options.weight_decay


class FlatLamb(FlatAdamW):
    """LAMB by the rule of its paper: u = m / (sqrt(v) + epsilon) + decay * w, w -= rate * |w| / |u| * u.

    The ratio of the norms is taken for each weight and is 1 if one of them is 0. Weights in `no_decay`
    are neither decayed nor adapted.

    Source: You et al., "Large Batch Optimization for Deep Learning", 2020, algorithm 2, with the
    identity as scaling function. Bias correction as in `FlatAdamW`.
    """

    _adapted_row_values = _ROW_VALUES

    def _decay_and_adapt(self, group: FlatGroup, direction: Tensor) -> Tensor:
        weights = group.flatten(group.variables)
        direction = direction + weights * self.options.weight_decay
        weight_norms, norms = group.norms(weights), group.norms(direction)
        is_usable = ops.logical_and(weight_norms > 0, norms > 0)
        ratios = ops.where(is_usable, weight_norms / ops.where(is_usable, norms, 1.0), 1.0)
        return group.scaled(direction, ratios)


def _in_one_pass(function: Callable[..., _Result]) -> Callable[..., _Result]:
    """The function as XLA compiles it: arithmetic over long arrays waits for memory, so one loop beats ten.

    What it assigns lies where it lay before, which saves a pass through fresh memory. On JAX the whole step is
    compiled anyway.
    """
    if keras.backend.backend() != "tensorflow":
        return function
    import tensorflow as tf

    compiled: Callable[..., _Result] = tf.function(function, jit_compile=True, autograph=False)
    return compiled


def _squared_norm(flat: Tensor) -> Tensor:
    """(values,) -> scalar; on TensorFlow by the one operation that needs no array of squares."""
    if keras.backend.backend() != "tensorflow":
        return ops.sum(ops.square(flat))
    import tensorflow as tf

    return 2.0 * tf.nn.l2_loss(flat)


def optimizer_state(optimizer: keras.optimizers.Optimizer) -> dict[str, np.ndarray]:
    """Copies the state of an optimizer by the names of its variables, as it is on devices that divide no model."""
    state = {variable.path: to_numpy(variable.value) for variable in optimizer.variables}
    return _converted(optimizer, state, join_arrays) if divides_models() else state


def restore_optimizer(optimizer: keras.optimizers.Optimizer, state: Mapping[str, np.ndarray]) -> None:
    """Assigns what `optimizer_state` copied to an optimizer built for the same weights."""
    arrays = _converted(optimizer, state, part_arrays) if divides_models() else dict(state)
    gathered = f"{optimizer.name}/{_GATHERED}"
    # An earlier version did not save it, and counted from the first step on.
    if optimizer.accumulation_steps > 1 and gathered not in arrays:
        arrays[gathered] = np.mod(arrays[optimizer.iterations.path], optimizer.accumulation_steps)
    for variable in optimizer.variables:
        variable.assign(np.reshape(arrays[variable.path], variable.shape))  # files have no scalars


def _converted(
    optimizer: FlatAdamW,
    state: Mapping[str, np.ndarray],
    convert: Callable[[Sequence[FlatGroup], Sequence[np.ndarray]], list[np.ndarray]],
) -> dict[str, np.ndarray]:
    """The state with the arrays of each kind in another form."""
    converted = dict(state)
    for kind in _KINDS:
        prefix = f"{optimizer.name}/{kind}_"
        arrays = {int(path.removeprefix(prefix)): path for path in state if path.startswith(prefix)}
        found = [converted.pop(arrays[place]) for place in sorted(arrays)]
        if found:
            others = convert(optimizer.flat_groups, found)
            converted |= {f"{prefix}{place}": array for place, array in enumerate(others)}
    return converted
