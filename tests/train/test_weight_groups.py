"""Weights as one flat array and each in its own shape: the same updates, and the same state on disk."""

import keras
import numpy as np
import pytest

from mbert_cli.train import optimizer as optimizer_module
from mbert_cli.train.optimizer import make_optimizer, optimizer_state, restore_optimizer
from mbert_cli.train.options import OptimizerOptions
from mbert_cli.train.stage import Schedule
from mbert_cli.train.weight_groups import FlatGroup, join_arrays, part_arrays, shaped_weights
from tests.train.test_optimizer import draw_gradients, make_variables, values

SCHEDULE = Schedule(peak=0.05, steps=6, warmup_steps=2, final=0.1)


def group_of(*shapes: tuple[int, ...], row_values: int = 4) -> FlatGroup:
    random = np.random.default_rng(0)
    variables = [keras.Variable(random.normal(size=shape).astype("float32")) for shape in shapes]
    return FlatGroup(variables, list(range(len(shapes))), 1.0, False, row_values)


def test_arrays_are_joined_in_the_host_as_on_the_device_and_parted_again():
    groups = [group_of((2, 3), (5,)), group_of((4,), (1, 1))]
    arrays = [variable.numpy() for group in groups for variable in group.variables]
    flats = join_arrays(groups, arrays)
    for group, flat in zip(groups, flats, strict=True):
        np.testing.assert_array_equal(flat, group.flatten(group.variables))
    for part, array in zip(part_arrays(groups, flats), arrays, strict=True):
        np.testing.assert_array_equal(part, array)


def test_a_weight_by_itself_has_the_norm_and_the_product_that_it_has_in_a_group():
    group = group_of((2, 3), (5,))
    flat = group.flatten(group.variables)
    norms, factors = group.norms(flat), np.array([2.0, 3.0], "float32")
    scaled = group.unflatten(group.scaled(flat, factors))
    for place, weight in enumerate(shaped_weights(group)):
        array = weight.flatten(weight.variables)
        assert weight.shape == array.shape == group.variables[place].shape
        np.testing.assert_allclose(weight.norms(array), norms[place : place + 1], rtol=1e-6)
        np.testing.assert_allclose(weight.scaled(array, factors[place : place + 1]), scaled[place], rtol=1e-6)


@pytest.mark.parametrize("name", ["lamb", pytest.param("adamw", marks=pytest.mark.slow)])
def test_a_training_goes_on_in_either_form(name: str, monkeypatch: pytest.MonkeyPatch):
    options = OptimizerOptions(name=name, weight_decay=0.1)

    def train(steps: range, state: dict | None, weights: list[np.ndarray] | None):
        variables = make_variables()
        for variable, weight in zip(variables, weights or [], strict=bool(weights)):
            variable.assign(weight)
        optimizer = make_optimizer(options, SCHEDULE, [(v, 1.0) for v in variables], accumulation_steps=2)
        optimizer.build(variables)
        if state:
            restore_optimizer(optimizer, state)
        for step in steps:
            optimizer.apply(draw_gradients(step))
        return optimizer_state(optimizer), values(variables)

    whole_state, whole = train(range(6), None, None)
    monkeypatch.setattr(optimizer_module, "divides_models", lambda: True)
    state, weights = train(range(3), None, None)
    state, weights = train(range(3, 5), state, weights)
    monkeypatch.undo()
    state, weights = train(range(5, 6), state, weights)
    assert state.keys() == whole_state.keys()
    for one, other in zip(
        [*weights, *state.values()], [*whole, *(whole_state[key] for key in state)], strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
