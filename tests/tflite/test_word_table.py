"""The word table of 4 bits: each row has the scale that suits it, and a file looks up what was stored."""

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from mbert_cli.tflite.census import operations
from mbert_cli.tflite.flatbuffer import pack_model
from mbert_cli.tflite.grids import round_rows_of_words
from mbert_cli.tflite.interpreter import opened_content
from mbert_cli.tflite.word_table import pack_four_bits, round_rows, store_words_in_four_bits


@pytest.fixture(scope="module")
def table():
    random = np.random.default_rng(5)
    return random.normal(size=(6, 32)).astype(np.float32) * np.array([[1], [10], [0.01], [3], [1], [0]], "f")


def test_each_row_has_the_scale_that_suits_it(table):
    integers, scales = round_rows(table)
    assert integers.min() >= -8
    assert integers.max() <= 7
    lost = np.square(integers * scales[:, None] - table).sum(axis=1)
    assert (lost <= 0.02 * np.square(table).sum(axis=1)).all()
    assert (scales > 0).all()


def test_a_network_that_learns_rounds_rows_in_the_same_way(table):
    integers, scales = round_rows(table[:5])
    learned = np.asarray(round_rows_of_words(table[:5], 4))
    np.testing.assert_allclose(integers * scales[:, None], learned, rtol=1e-5, atol=1e-6)


def test_two_numbers_share_a_byte():
    assert pack_four_bits(np.array([[1, -1], [-8, 7], [3, 0]], np.int8)).tolist() == [0xF1, 0x78, 0x03]
    assert pack_four_bits(np.array([2, 5, -2], np.int8)).tolist() == [0x52, 0x0E]


def test_a_file_looks_up_the_rows_that_were_rounded(content, batch):
    with opened_content(content) as before, opened_content(store_words_in_four_bits(content)) as after:
        difference = np.abs(before.predict(batch) - after.predict(batch))
    assert 0 < difference.max() < 0.05


def test_only_the_largest_table_is_stored_in_four_bits(content):
    found = operations(store_words_in_four_bits(content))
    assert [one.inputs[1] for one in found if one.kind == "EMBEDDING_LOOKUP"] == ["int4"]
    assert {one.inputs[0] for one in found if one.kind == "GATHER"} <= {"float32"}


def test_a_file_without_a_table_stays_as_it_is(content):
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    model.subgraphs[0].operators = model.subgraphs[0].operators[:2]
    bare = pack_model(model, len(content))
    assert store_words_in_four_bits(bare) == bare
