"""One file for texts of several lengths: the weights once, and the answers of the files it was made of."""

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from mbert_cli.model.task_head import TaskHead
from mbert_cli.tflite.census import op_census, stored_mode
from mbert_cli.tflite.convert import convert
from mbert_cli.tflite.interpreter import Artifact
from mbert_cli.tflite.lengths import merge_lengths
from mbert_cli.tflite.modes import MODES

LENGTHS = (6, 9, 12)


@pytest.fixture(scope="module")
def contents(network, content) -> dict[int, bytes]:
    return {length: convert(network, length, "float32") for length in LENGTHS[:-1]} | {12: content}


@pytest.fixture(scope="module")
def merged(contents, tmp_path_factory) -> Artifact:
    path = tmp_path_factory.mktemp("merged") / "model.tflite"
    path.write_bytes(merge_lengths(contents))
    return Artifact(path)


@pytest.fixture(scope="module")
def rows() -> dict[str, np.ndarray]:
    """Two rows for each length."""
    mask = (np.arange(12) < np.array([[3], [5], [6], [8], [9], [12]])).astype(np.int32)
    ids = np.arange(72, dtype=np.int32).reshape(6, 12) + 1
    return {"token_ids": ids * mask, "segment_ids": 0 * mask, "padding_mask": mask}


def data_of(content: bytes) -> list[bytes]:
    """The data of all buffers, as often as the file holds them."""
    buffers = schema.ModelT.InitFromPackedBuf(content, 0).buffers
    return [bytes(buffer.data) for buffer in buffers if buffer.data is not None and len(buffer.data)]


def test_a_single_length_stays_the_file_it_was(contents):
    assert merge_lengths({12: contents[12]}) is contents[12]


def test_every_weight_is_stored_once(contents, merged):
    stored = data_of(merged.path.read_bytes())
    assert len(stored) == len(set(stored))
    assert set(stored) == {data for content in contents.values() for data in data_of(content)}


def test_each_length_has_a_signature_and_the_longest_comes_first(merged):
    interpreter = Interpreter(str(merged.path))
    names = {"inputs": ["ids", "mask", "segment_ids"], "outputs": ["probabilities"]}
    assert interpreter.get_signature_list() == {f"length_{length}": names for length in LENGTHS}
    assert [entry["shape"].tolist() for entry in interpreter.get_input_details()] == [[1, 12]] * 3


def test_the_data_of_every_tensor_is_aligned(merged):
    content = merged.path.read_bytes()
    model = schema.Model.GetRootAs(content, 0)
    for index in range(model.BuffersLength()):
        buffer = model.Buffers(index)
        if buffer.DataLength():
            assert content.index(buffer.DataAsNumpy().tobytes()[:64]) % 16 == 0 or buffer.DataLength() < 64


def test_the_census_counts_the_operations_of_all_lengths(contents, merged):
    counts = [op_census(content) for content in contents.values()]
    assert op_census(merged.path.read_bytes()) == {
        name: sum(count[name] for count in counts) for name in counts[0]
    }
    assert stored_mode(merged.path.read_bytes()) == "float32"


def test_each_row_is_run_with_the_shortest_length_that_holds_it(contents, merged, rows, tmp_path):
    lengths = merged.lengths_of(rows["padding_mask"])
    assert lengths.tolist() == [6, 6, 9, 9, 12, 12]
    found = merged.predict(rows)
    for length, content in contents.items():
        path = tmp_path / f"{length}.tflite"
        path.write_bytes(content)
        part = {name: values[lengths == length, :length] for name, values in rows.items()}
        np.testing.assert_array_equal(found[lengths == length], Artifact(path).predict(part))


@pytest.mark.slow
@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "float32"])
def test_weights_are_stored_once_in_every_mode(mode, in_mode, rows, tmp_path):
    contents = {length: in_mode(mode, length) for length in (6, 12)}
    path, alone = tmp_path / "model.tflite", tmp_path / "alone.tflite"
    path.write_bytes(merge_lengths(contents))
    stored = data_of(path.read_bytes())
    assert len(stored) == len(set(stored))
    kernels = {data for data in data_of(contents[12]) if len(data) > 500}
    assert kernels and kernels <= set(stored)
    assert sum(map(len, stored)) < 1.1 * sum(map(len, set(data_of(contents[12]))))
    alone.write_bytes(contents[6])
    short = {name: values[:2, :6] for name, values in rows.items()}
    np.testing.assert_array_equal(Artifact(path).predict(rows)[:2], Artifact(alone).predict(short))


def test_the_last_token_keeps_its_padding_unless_the_row_is_as_long_as_the_longest(merged):
    mask = (np.arange(12) < np.array([[0], [5], [6], [8], [9], [11], [12]])).astype(np.int32)
    assert merged.lengths_of(mask).tolist() == [6, 6, 9, 9, 12, 12, 12]


def test_one_of_the_lengths_can_be_chosen(merged, rows):
    alone = merged.at(9)
    assert (alone.lengths, alone.sequence_length) == ((9,), 9)
    assert alone.predict({name: values[:, :9] for name, values in rows.items()}).shape == (6, 3)
    assert merged.lengths == LENGTHS


def test_outputs_of_tokens_are_as_wide_as_the_longest_length(random_network, small_size, rows, tmp_path):
    head = TaskHead("token_classifier", False, "softmax", ("probabilities",))
    # As many labels as the short length has tokens: which axis is which is seen all the same.
    network = random_network(small_size("mobilebert"), head=head, num_outputs=6)
    contents = {length: convert(network, length, "float32", head) for length in (6, 12)}
    path, long = tmp_path / "model.tflite", tmp_path / "long.tflite"
    path.write_bytes(merge_lengths(contents))
    long.write_bytes(contents[12])
    artifact = Artifact(path)
    found, expected = artifact.predict(rows), Artifact(long).predict(rows)
    assert found.shape == expected.shape == (6, 12, 6)
    is_token = rows["padding_mask"] == 1
    np.testing.assert_allclose(found[is_token], expected[is_token], atol=1e-5)
    assert (found[:2, 6:] == 0).all()


def test_interpreters_that_share_rows_out_answer_as_one_does(merged, rows):
    many = {name: np.concatenate([values] * 4) for name, values in rows.items()}
    shared = Artifact(merged.path, workers=3)
    np.testing.assert_array_equal(shared.predict(many), merged.predict(many))
    np.testing.assert_array_equal(shared.at(12).predict(many), merged.at(12).predict(many))
