"""What a stage minimises: a network and its losses as one Keras model that `fit` can train."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from mbert_cli.backend import Tensor, own_graph
from mbert_cli.hosts.devices import sums_as_one
from mbert_cli.losses.loss import Loss, Tensors
from mbert_cli.train.companions import check_companions
from mbert_cli.train.dynamic_length import hide_length, step_of_any_length
from mbert_cli.train.own_rows import figures_on_own_rows, gradients_on_own_rows
from mbert_cli.train.streams import mean_of_shards

TOTAL = "total"
"""Name of the weighted sum among the figures."""

RECORDED_STEPS = 64
"""Steps whose figures `LossRecord` keeps apart."""

_SLOTS = 32


class LossRecord(keras.metrics.Metric):
    """The figures of the newest steps, one row per step.

    Rows are kept apart, and not added up on the device, so that sums do not depend on where a run was
    interrupted, and so that the step at which a figure stopped being finite is known. There is room
    for more figures than there are: their names are known when the step is traced, and JAX needs the
    variables before that.
    """

    def __init__(self) -> None:
        super().__init__(name="loss_record")
        self.names: tuple[str, ...] = ()
        self.rows = self.add_variable((RECORDED_STEPS, _SLOTS), "zeros", dtype="float32", name="rows")
        self.steps = self.add_variable((), "zeros", dtype="int32", name="steps")

    def update_state(self, figures: Tensors) -> None:
        """Adds a row.

        Args:
            figures: Dict of scalars, the same names at every step.
        """
        if len(figures) > _SLOTS:
            raise ValueError(f"A step can have {_SLOTS} figures. Received: {len(figures)}")
        self.names = tuple(figures)
        values = ops.stack([ops.cast(value, "float32") for value in figures.values()])
        values = ops.pad(values, [(0, _SLOTS - len(figures))])
        row = ops.equal(ops.arange(RECORDED_STEPS, dtype="int32"), self.steps % RECORDED_STEPS)
        # A product with 0 and 1 would spread a figure that is not finite over all rows.
        self.rows.assign(self.rows + ops.where(ops.expand_dims(row, 1), values, 0.0))
        self.steps.assign(self.steps + 1)

    def result(self) -> Tensor:
        """The mean of the first figure."""
        return ops.sum(self.rows[:, 0]) / ops.cast(ops.maximum(self.steps, 1), "float32")

    def read(self) -> tuple[int, dict[str, np.ndarray]]:
        """Returns the steps since the last reset, and for each name (rows,) float64.

        Up to `RECORDED_STEPS` steps each has a row of its own; further ones are added to the rows from
        the first on, so that the sum over the rows is always that of all steps.
        """
        steps = int(self.steps.numpy())
        rows = self.rows.numpy()[:steps].astype("float64")
        return steps, {name: rows[:, slot] for slot, name in enumerate(self.names)}


class Objective(keras.Model):
    """A network and the losses of a stage.

    Args:
        network: The functional model whose weights the stage trains, and that is saved.
        loss_function: (batch, training) -> dict of scalars by name. A Keras layer, or a function that
            calls `network`.
        loss_weights: Factor of each loss in the sum. Losses without one are only measured.
        known_losses: Every loss by name; what weighs each one's mean is what allows to compute a batch in
            `shards`, or each host its rows. Without it a batch stays whole.
        dynamic_length: Whether batches differ in length.
        companions: Layers that are trained beside the network; see `mbert_cli.train.companions`. They are built,
            and their initial values do not depend on what was built before: initializers have a seed.

    Attributes:
        shards: Parts that a batch is computed in; 1 at first.

    Call arguments:
        batch: Dict of arrays.
        training: Whether dropout is active.

    Returns:
        What `loss_function` returns.
    """

    train_function: Callable[[Any], Any] | None  # Keras sets it

    def __init__(
        self,
        network: keras.Model,
        loss_function: Callable[..., Tensors],
        loss_weights: Mapping[str, float],
        known_losses: Mapping[str, Loss] | None = None,
        dynamic_length: bool = False,
        companions: Sequence[keras.layers.Layer] = (),
    ) -> None:
        super().__init__(name="objective", dtype="float32")
        self.network = network
        self.loss_function = loss_function
        self.loss_weights = {name: weight for name, weight in loss_weights.items() if weight}
        self.known_losses = known_losses
        self.dynamic_length = dynamic_length
        check_companions(companions)
        self.companions = list(companions)
        self.shards = 1
        self.record = LossRecord()
        self.built = True  # spares `fit` a symbolic pass through the whole model

    @property
    def trained_layers(self) -> list[keras.layers.Layer]:
        """Whatever has weights that the stage trains: the network and its companions."""
        return [self.network, *self.companions]

    def call(self, batch: Tensors, training: bool = False) -> Tensors:
        if self.dynamic_length and not self.jit_compile:
            batch = hide_length(batch)

        def losses(part: Tensors) -> Tensors:
            return self.loss_function(part, training=training)

        with own_graph(is_compiled=bool(self.jit_compile)):
            if self.shards == 1 or self.known_losses is None:
                return losses(batch)
            return mean_of_shards(losses, batch, self.shards, self.known_losses)

    def make_train_function(self, force: bool = False) -> None:
        """As Keras has it; for batches that differ in length traced once for all of them."""
        is_new = self.train_function is None or force
        super().make_train_function(force)
        is_traced = keras.backend.backend() == "tensorflow" and not self.run_eagerly and not self.jit_compile
        if is_new and is_traced and self.dynamic_length and self.steps_per_execution == 1:
            self.train_function = step_of_any_length(self.train_step)

    def train_step(self, *arguments: Any) -> Any:
        """As Keras has it; on processors of several hosts with one sum over them."""
        if not self._is_on_own_rows:
            return super().train_step(*arguments)
        (trained, others, optimizer, metrics), (batch,) = arguments
        gradients, figures, others = gradients_on_own_rows(self, trained, others, batch)
        loss, (_, others, metrics) = self.stateless_compute_loss(
            trained, others, metrics, x=batch, y_pred=figures, training=True
        )
        trained, optimizer = self.optimizer.stateless_apply(optimizer, gradients, trained)
        logs, metrics = self._update_metrics_variables(metrics, loss, batch, None, figures, None)
        return logs, (trained, others, optimizer, metrics)

    def test_step(self, *arguments: Any) -> Any:
        """As Keras has it; on processors of several hosts with one sum over them."""
        if not self._is_on_own_rows:
            return super().test_step(*arguments)
        (trained, others, metrics), (batch,) = arguments
        figures, others = figures_on_own_rows(self, trained, others, batch)
        loss, (_, others, metrics) = self.stateless_compute_loss(
            trained, others, metrics, x=batch, y_pred=figures, training=False
        )
        logs, metrics = self._update_metrics_variables(metrics, loss, batch, None, figures, None)
        return logs, (trained, others, metrics)

    @property
    def _is_on_own_rows(self) -> bool:
        return self.known_losses is not None and sums_as_one()

    def total(self, figures: Tensors) -> Tensor:
        """The weighted sum of the losses."""
        return sum(weight * figures[name] for name, weight in self.loss_weights.items())

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Tensor = None,
        sample_weight: Tensor = None,
        training: bool = True,
    ) -> Tensor:
        """The weighted sum of the losses; every figure goes into the record."""
        unknown = [name for name in self.loss_weights if name not in y_pred]
        if unknown:
            raise ValueError(
                f"Every loss with a weight must be computed. Received: weights for {', '.join(unknown)}, "
                f"losses {', '.join(y_pred)}"
            )
        total = self.total(y_pred)
        self.record.update_state({TOTAL: total, **{name: y_pred[name] for name in sorted(y_pred)}})
        return total

    def compute_metrics(
        self, x: Tensor, y: Tensor, y_pred: Tensor, sample_weight: Tensor = None
    ) -> dict[str, Tensor]:
        """Nothing per step: the engine reads the record between calls of `fit`."""
        return {"loss": self.record.result()}


def inputs_of(network: keras.Model, batch: Tensors) -> dict[str, Tensor]:
    """The part of a batch that a functional network takes."""
    return {name: batch[name] for name in network.input}
