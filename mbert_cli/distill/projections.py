"""Layers that bring a student's hidden states to the width of its teacher's, where the two differ.

A recipe says how many there are: one for all places, as in the code that was released with TinyBERT; one for the output
of the embeddings and one for the outputs of all layers, as in its paper; or one for each place that is compared.

Source: Jiao et al., "TinyBERT", Findings of EMNLP 2020, section 3.1 (W_e and W_h in the paper).
"""

from collections.abc import Callable, Sequence
from typing import Literal

import keras

from mbert_cli.losses.tinybert import TINYBERT_HIDDEN_LOSSES
from mbert_cli.losses.transfer import HIDDEN_LOSSES
from mbert_cli.model.options import layer_name
from mbert_cli.train.stage import Comparison

Sharing = Literal["shared", "per_place", "embeddings_and_layers"]
"""Which places have a projection in common."""

PROJECTED_LOSSES = HIDDEN_LOSSES | TINYBERT_HIDDEN_LOSSES
"""The losses of hidden states, by name: those that see the projections."""

_EMBEDDINGS = "embedding_projection"

_NAMES: dict[Sharing, Callable[[int], str]] = {
    "shared": lambda place: "projection",
    "per_place": lambda place: f"{layer_name(place - 1)}_projection" if place else _EMBEDDINGS,
    "embeddings_and_layers": lambda place: "layer_projection" if place else _EMBEDDINGS,
}
"""Student's place -> name of the layer that projects its hidden states."""


def build_projections(
    compare: Sequence[Comparison],
    teacher_dim: int,
    student_dim: int,
    seed: int,
    sharing: Sharing = "embeddings_and_layers",
) -> dict[int, keras.layers.Layer]:
    """Returns the projections that some comparisons need, by the student's place; none where both widths are the same.

    Args:
        compare: What is compared.
        teacher_dim: Width of the teacher's hidden states.
        student_dim: Width of the student's.
        seed: Draws the kernels.
        sharing: Which places share one.
    """
    if teacher_dim == student_dim:
        return {}
    seen = {comparison.student_place for comparison in compare if _compares_hidden_states(comparison)}
    places = sorted(place for place in seen if place is not None)
    names = {place: _NAMES[sharing](place) for place in places}
    layers = {name: _build(name, student_dim, teacher_dim, seed) for name in sorted(set(names.values()))}
    return {place: layers[name] for place, name in names.items()}


def _compares_hidden_states(comparison: Comparison) -> bool:
    return any(name in PROJECTED_LOSSES for name in comparison.losses)


def _build(name: str, student_dim: int, teacher_dim: int, seed: int) -> keras.layers.Layer:
    """A projection in float32, as losses are computed."""
    kernel = keras.initializers.GlorotUniform(seed)
    projection = keras.layers.Dense(teacher_dim, kernel_initializer=kernel, name=name, dtype="float32")
    projection.build((None, None, student_dim))
    return projection
