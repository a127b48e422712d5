"""Weights files: round trip, atomicity, and every way in which a file can be broken."""

import os

import ml_dtypes
import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save

from mbert_cli.errors import RunError, UserError
from mbert_cli.weights.store import load_weights, save_weights

ARRAYS = {
    "encoder/layer_00/kernel": np.arange(6, dtype="float32").reshape(2, 3),
    "step": np.array(7, "int64"),
    "seed": np.array([1, 2], "uint32"),
    "half": np.array([1.5], ml_dtypes.bfloat16),
}


def saved(tmp_path):
    path = tmp_path / "weights.safetensors"
    save_weights(path, ARRAYS, {"kind": "test"})
    return path


def refusal(path) -> tuple[str, str]:
    with pytest.raises(UserError) as caught:
        load_weights(path)
    return caught.value.message, caught.value.hint


HINT = "Train or import these weights again, or point to another run or checkpoint."


def test_arrays_come_back_with_shape_type_and_metadata(tmp_path):
    path = saved(tmp_path)
    loaded = load_weights(path)
    assert loaded.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert (loaded[name].dtype, loaded[name].shape) == (array.dtype, array.shape)
        assert np.array_equal(loaded[name], array)
    with safe_open(path, framework="numpy") as file:
        assert file.metadata() == {"kind": "test"}


def test_the_file_is_one_that_the_safetensors_library_reads(tmp_path):
    assert np.array_equal(load_file(saved(tmp_path))["seed"], [1, 2])


def test_loaded_arrays_are_mapped_and_read_only(tmp_path):
    array = load_weights(saved(tmp_path))["encoder/layer_00/kernel"]
    assert isinstance(array, np.memmap)
    assert not array.flags.writeable


def test_transposed_arrays_are_written_in_the_right_order(tmp_path):
    array = np.arange(6, dtype="float32").reshape(2, 3)
    save_weights(tmp_path / "w", {"kernel": array.T})
    assert np.array_equal(load_weights(tmp_path / "w")["kernel"], array.T)


def test_metadata_may_be_left_out(tmp_path):
    save_weights(tmp_path / "w", {"kernel": np.zeros(3)})
    with safe_open(tmp_path / "w", framework="numpy") as file:
        assert not file.metadata()


def test_saving_leaves_nothing_beside_the_file(tmp_path):
    saved(tmp_path)
    saved(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["weights.safetensors"]


def test_a_failed_save_keeps_the_old_file(tmp_path, monkeypatch):
    path = saved(tmp_path)

    def fail(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(RunError) as caught:
        save_weights(path, {"other": np.zeros(3)})
    assert caught.value.message == (
        f"The weights could not be written ([Errno 28] No space left on device). Received: {path}"
    )
    assert caught.value.hint == "Free some disk space or choose another folder with --run."
    assert load_weights(path).keys() == ARRAYS.keys()
    assert [file.name for file in tmp_path.iterdir()] == ["weights.safetensors"]


def test_a_missing_file_is_named(tmp_path):
    path = tmp_path / "none.safetensors"
    assert refusal(path) == (f"The weights must be an existing safetensors file. Received: {path}", HINT)


@pytest.mark.parametrize(
    ("reason", "damage"),
    [
        ("header too small", lambda data: b""),
        ("invalid header length", lambda data: data[:20]),
        ("incomplete metadata, file not fully covered", lambda data: data[:-1]),
        ("incomplete metadata, file not fully covered", lambda data: data + b"x"),
        ("header too large", lambda data: b"\xff" * 8 + data[8:]),
        (
            "invalid JSON in header: expected value at line 1 column 1",
            lambda data: data[:8] + b"x" + data[9:],
        ),
    ],
    ids=["empty", "header cut", "data cut", "data added", "long header", "header edited"],
)
def test_a_damaged_file_is_named_with_the_reason(tmp_path, reason, damage):
    path = saved(tmp_path)
    path.write_bytes(damage(path.read_bytes()))
    expected = f"The weights must be a whole safetensors file ({reason}). Received: {path}"
    assert refusal(path) == (expected, HINT)


def test_a_file_is_that_of_the_library(tmp_path):
    arrays = ARRAYS | {
        "fraction": np.array([0.5, 0.25]),
        "none": np.zeros((0, 4), "float32"),
        "flag": np.array(True),
        "bytes": np.arange(3, dtype="uint8"),
    }
    save_weights(tmp_path / "ours", arrays, {"kind": "tést"})
    assert (tmp_path / "ours").read_bytes() == save(arrays, metadata={"kind": "tést"})
    save_weights(tmp_path / "turned", {"a": ARRAYS["encoder/layer_00/kernel"].T})
    expected = np.ascontiguousarray(ARRAYS["encoder/layer_00/kernel"].T)
    np.testing.assert_array_equal(load_file(tmp_path / "turned")["a"], expected)
