"""The trigram and the sum of word, position and segment embeddings."""

import keras
import numpy as np
import pytest

from mbert_cli.model.embedding import Embeddings, trigram
from mbert_cli.model.options import Architecture

SIZE = Architecture(
    num_layers=1, hidden_dim=2, num_heads=1, intermediate_dim=2, embedding_dim=2, max_length=4,
    normalization="no_norm",
)  # fmt: skip
IDS = np.array([[1, 2]], "int32")
SEGMENTS = np.array([[0, 1]], "int32")


def build(size: Architecture) -> Embeddings:
    layer = Embeddings(size, 3, name="embeddings")
    layer.build()
    layer.word_embeddings.assign([[0, 0], [1, 2], [3, 4]])
    layer.position_embeddings.assign([[10, 10], [20, 20], [30, 30], [40, 40]])
    return layer


def test_a_trigram_is_next_current_previous_and_zero_beyond_the_ends():
    embeddings = keras.ops.array([[[1.0], [2.0], [3.0]]])
    assert np.array(trigram(embeddings)).tolist() == [[[2, 1, 0], [3, 2, 1], [0, 3, 2]]]


def test_the_trigram_of_one_token_has_no_neighbours():
    assert np.array(trigram(keras.ops.array([[[5.0, 6.0]]]))).tolist() == [[[0, 0, 5, 6, 0, 0]]]


def test_word_position_and_segment_are_added_in_training_and_elsewhere():
    layer = build(SIZE.model_copy(update={"hidden_dropout_rate": 0.0}))
    layer.segment_embeddings.assign([[100, 100], [200, 200]])
    for training in (False, True):
        assert np.array(layer(IDS, SEGMENTS, training=training)).tolist() == [[[111, 112], [223, 224]]]


def test_a_size_without_segments_ignores_them():
    layer = build(SIZE.model_copy(update={"num_segments": 0}))
    assert np.array(layer(IDS, SEGMENTS)).tolist() == [[[11, 12], [23, 24]]]
    assert not any("segment" in weight.path for weight in layer.weights)


def test_the_projection_reads_the_trigram():
    layer = build(SIZE.model_copy(update={"trigram_input": True, "num_segments": 0}))
    kernel = np.zeros((6, 2))
    kernel[0, 0] = kernel[5, 1] = 1  # the next word's first feature, the previous word's second
    layer.projection.kernel.assign(kernel)
    assert np.array(layer(IDS, SEGMENTS)).tolist() == [[[10 + 3, 10], [20, 20 + 2]]]


@pytest.mark.parametrize("trigram_input", [False, True])
def test_a_narrow_table_is_projected(trigram_input):
    size = SIZE.model_copy(update={"hidden_dim": 4, "trigram_input": trigram_input})
    layer = Embeddings(size, 3, name="embeddings")
    assert layer(IDS, SEGMENTS).shape == (1, 2, 4)
    assert layer.projection.kernel.shape == ((6 if trigram_input else 2), 4)
