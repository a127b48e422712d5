"""Batches that differ in length: one trace, whichever length comes first."""

import keras
import numpy as np
import pytest

from mbert_cli.train.dynamic_length import hide_length, step_of_any_length
from mbert_cli.train.feed import Feed
from mbert_cli.train.objective import Objective

ON_TENSORFLOW = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="JAX compiles every length"
)


class Counted:
    """An objective of batches (2, length) whose losses say how often they were traced."""

    def __init__(self, **settings: object) -> None:
        value = keras.Input((None,), name="value")
        outputs = keras.layers.Dense(1, kernel_initializer="ones", name="scale")(
            keras.ops.expand_dims(value, -1)
        )
        network = keras.Model({"value": value}, outputs)
        self.traces = 0

        def losses(batch, training):
            self.traces += 1
            return {"mean": keras.ops.mean(network({"value": batch["value"]}, training=training))}

        self.objective = Objective(network, losses, {"mean": 1.0}, **settings)
        self.objective.compile(optimizer=keras.optimizers.SGD(0.1), jit_compile=False)

    def fit(self, lengths: list[int]) -> list[float]:
        batches = [{"value": np.full((2, length), length, "float32")} for length in lengths]
        feed = Feed(batches.__getitem__, range(len(batches)))
        self.objective.fit(feed, steps_per_epoch=len(batches), shuffle=False, verbose=0)
        return self.objective.record.read()[1]["mean"].tolist()


@ON_TENSORFLOW
def test_a_step_is_traced_once_for_batches_of_any_length():
    counted = Counted(dynamic_length=True)
    counted.objective.optimizer.learning_rate = 0.0
    assert [*counted.fit([4]), *counted.fit([6, 5, 4])] == [4, 6, 5, 4]
    assert counted.traces == 1


@ON_TENSORFLOW
def test_batches_of_one_length_are_traced_with_it():
    counted = Counted()
    counted.fit([4, 4])
    counted.fit([4])
    assert counted.traces == 1


def test_a_run_that_is_continued_with_another_length_has_the_same_bits():
    whole, continued = Counted(dynamic_length=True), Counted(dynamic_length=True)
    whole.fit([7])
    continued.objective.network.set_weights(whole.objective.network.get_weights())
    assert whole.fit([3, 5]) == continued.fit([3, 5])
    for one, other in zip(
        whole.objective.network.get_weights(), continued.objective.network.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_a_run_that_begins_with_another_length_computes_the_same():
    first, second = Counted(dynamic_length=True), Counted(dynamic_length=True)
    second.objective.optimizer.learning_rate = first.objective.optimizer.learning_rate = 0.0
    assert first.fit([7, 3, 5]) == list(reversed(second.fit([5, 3, 7])))


@ON_TENSORFLOW
@pytest.mark.parametrize("is_hidden", [False, True])
def test_the_lengths_of_states_and_of_attention_are_unknown_and_their_widths_are_not(is_hidden):
    """What a teacher said comes in batches too; a width that is unknown could not be split into heads."""
    import tensorflow as tf

    shapes = []

    def step(data):
        batch = hide_length(data[0]) if is_hidden else data[0]
        shapes.append({name: array.shape.as_list() for name, array in batch.items()})
        return data[0]["weights"]

    def batch(length: int) -> tuple[dict[str, object]]:
        sizes = {
            "weights": (2,),
            "ids": (2, length),
            "states": (2, length, 6),
            "maps": (2, 3, length, length),
        }
        return ({name: tf.zeros(size) for name, size in sizes.items()},)

    if is_hidden:
        tf.function(step)(batch(5))
    else:
        run = step_of_any_length(step)
        for length in (5, 7):
            run(iter([batch(length)]))
    known = {"weights": [2], "ids": [2, None], "states": [2, None, 6], "maps": [2, 3, None, None]}
    assert shapes == [known]
