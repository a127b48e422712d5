"""Layers that bring a student's hidden states to the width of its teacher's, where the two differ.

Source: Jiao et al., "TinyBERT", Findings of EMNLP 2020, section 3.1 (W_e and W_h in the paper).
"""

from collections.abc import Sequence
from zlib import crc32

import keras
import numpy as np

from mbert_cli.distill.widths import Sharing, name_projections
from mbert_cli.train.stage import Comparison


def build_projections(
    compare: Sequence[Comparison],
    teacher_dim: int,
    student_dim: int,
    seed: int,
    sharing: Sharing = "embeddings_and_layers",
) -> dict[int, keras.layers.Layer]:
    """Returns the projections that some comparisons need, by the student's place; places may share one.

    Args: those of `name_projections`, and
        seed: Draws the kernels.
    """
    names = name_projections(compare, teacher_dim, student_dim, sharing)
    layers = {name: _build(name, student_dim, teacher_dim, seed) for name in sorted(set(names.values()))}
    return {place: layers[name] for place, name in names.items()}


def _build(name: str, student_dim: int, teacher_dim: int, seed: int) -> keras.layers.Layer:
    """A projection in float32, as losses are computed; its kernel is drawn by its name, alike on every backend.

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010,
    equation 16.
    """
    projection = keras.layers.Dense(teacher_dim, kernel_initializer="zeros", name=name, dtype="float32")
    projection.build((None, None, student_dim))
    generator = np.random.Generator(np.random.Philox(key=(seed, crc32(name.encode()))))
    limit = (6 / (student_dim + teacher_dim)) ** 0.5
    projection.kernel.assign(generator.uniform(-limit, limit, (student_dim, teacher_dim)))
    return projection
