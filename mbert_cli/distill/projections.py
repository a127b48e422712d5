"""Layers that bring a student's hidden states to the width of its teacher's, where the two differ.

There is one for the output of the embeddings and one for the outputs of all layers, as in TinyBERT's paper; the code
released with it has one for both.

Source: Jiao et al., "TinyBERT", Findings of EMNLP 2020, section 3.1 (W_e and W_h in the paper).
"""

from collections.abc import Sequence

import keras

from mbert_cli.losses.transfer import HIDDEN_LOSSES
from mbert_cli.train.stage import Comparison

_EMBEDDINGS, _LAYERS = "embedding_projection", "layer_projection"


def projection_name(place: int) -> str:
    """Returns the name of the projection of a student's hidden states at a place."""
    return _LAYERS if place else _EMBEDDINGS


def build_projections(
    compare: Sequence[Comparison], teacher: keras.Model, student: keras.Model, seed: int
) -> dict[str, keras.layers.Layer]:
    """Returns the projections that some comparisons need, by name; none where both widths are the same.

    Args:
        compare: What is compared.
        teacher: A network that returns `hidden_states`.
        student: Another one.
        seed: Draws the kernels.
    """
    teacher_dim, student_dim = (_width(network) for network in (teacher, student))
    if teacher_dim == student_dim:
        return {}
    places = {comparison.student_place for comparison in compare if _compares_hidden_states(comparison)}
    names = sorted({projection_name(place) for place in places if place is not None})
    return {name: _build(name, student_dim, teacher_dim, seed) for name in names}


def _compares_hidden_states(comparison: Comparison) -> bool:
    return any(name in HIDDEN_LOSSES for name in comparison.losses)


def _width(network: keras.Model) -> int:
    return int(network.output["hidden_states"][0].shape[-1])


def _build(name: str, student_dim: int, teacher_dim: int, seed: int) -> keras.layers.Layer:
    """A projection in float32, as losses are computed."""
    kernel = keras.initializers.GlorotUniform(seed)
    projection = keras.layers.Dense(teacher_dim, kernel_initializer=kernel, name=name, dtype="float32")
    projection.build((None, None, student_dim))
    return projection
