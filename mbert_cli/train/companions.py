"""Layers that a stage trains beside its network and that no result holds, such as projections between widths.

A companion goes on in every later stage that has one whose weights have the same names, even where stages without it
lie between; one of another name is another companion.
"""

from collections.abc import Mapping, Sequence

import keras
import numpy as np

from mbert_cli.hosts.devices import to_numpy


def check_companions(companions: Sequence[keras.layers.Layer]) -> None:
    """Checks that companions can be told apart in a checkpoint.

    Raises:
        ValueError: One is not built, or two weights have the same name.
    """
    unbuilt = [layer.name for layer in companions if not layer.built]
    if unbuilt:
        raise ValueError(f"A companion must be built. Received: {', '.join(unbuilt)}, which are not")
    names = [name for name, _ in _variables(companions)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"Companions must have names of their own. Received: {', '.join(twice)} twice")


def companion_states(companions: Sequence[keras.layers.Layer]) -> dict[str, np.ndarray]:
    """Copies what companions hold by name: weights, and states of random generators."""
    return {name: to_numpy(variable.value) for name, variable in _variables(companions)}


def restore_companions(companions: Sequence[keras.layers.Layer], states: Mapping[str, np.ndarray]) -> None:
    """Gives companions the states that are there under their names; others begin as they are."""
    for name, variable in _variables(companions):
        if name in states:
            variable.assign(np.reshape(states[name], variable.shape))  # files have no scalars


def scale_companions(
    companions: Sequence[keras.layers.Layer], scale: float
) -> list[tuple[keras.Variable, float]]:
    """Makes companions trainable where the scale is above 0; returns every weight that trains with it."""
    for layer in companions:
        layer.trainable = scale > 0
    return [(variable, scale) for layer in companions for variable in layer.trainable_variables]


def _variables(companions: Sequence[keras.layers.Layer]) -> list[tuple[str, keras.Variable]]:
    """Every variable with its name: the path of a weight, and the place of a random state in its companion.

    Keras counts the generators of a process, so that the path of their states is another one in the next.
    """
    named = []
    for layer in companions:
        weights = {id(weight) for weight in layer.weights}
        for place, variable in enumerate(layer.variables):
            is_weight = id(variable) in weights
            named.append((variable.path if is_weight else f"{layer.name}/random_{place}", variable))
    return named
