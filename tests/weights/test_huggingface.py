"""The files of a model of Hugging Face: whole, in shards, damaged, or a pickle that is not run."""

import json
import sys

import numpy as np
import pytest
from safetensors.numpy import save_file

from mbert_cli.errors import UserError
from mbert_cli.weights.huggingface import read_arrays, write_model

ARRAYS = {"a.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "b.bias": np.ones(2, np.float16)}


def refusal(folder) -> tuple[str, str]:
    with pytest.raises(UserError) as caught:
        read_arrays(folder)
    return caught.value.message.replace(str(folder), "theirs"), caught.value.hint


def write_shards(folder, places: dict[str, str]) -> None:
    for shard in set(places.values()):
        save_file({name: ARRAYS[name] for name, place in places.items() if place == shard}, folder / shard)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))


def assert_all(found) -> None:
    assert set(found) == set(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype


def test_a_model_is_read_as_it_was_written(tmp_path):
    write_model(tmp_path, ARRAYS, {"model_type": "bert", "id2label": {"0": "schön"}})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.json", "model.safetensors"]
    assert_all(read_arrays(tmp_path))
    assert (tmp_path / "config.json").read_text(encoding="utf-8") == (
        '{\n  "model_type": "bert",\n  "id2label": {\n    "0": "schön"\n  }\n}\n'
    )


def test_shards_are_put_together(tmp_path):
    write_shards(tmp_path, {"a.weight": "model-1.safetensors", "b.bias": "model-2.safetensors"})
    assert_all(read_arrays(tmp_path))


def test_a_whole_file_goes_before_shards(tmp_path):
    write_shards(tmp_path, {"a.weight": "model-1.safetensors"})
    save_file(ARRAYS, tmp_path / "model.safetensors")
    assert_all(read_arrays(tmp_path))


def test_a_shard_that_is_missing_or_lacks_an_array_is_named(tmp_path):
    write_shards(tmp_path, {"a.weight": "model-1.safetensors", "b.bias": "model-2.safetensors"})
    (tmp_path / "model-2.safetensors").unlink()
    assert refusal(tmp_path) == (
        "A model in shards needs all of them. Received: theirs without model-2.safetensors",
        "Download the missing files too.",
    )
    save_file({"c": np.ones(1, np.float32)}, tmp_path / "model-2.safetensors")
    assert refusal(tmp_path) == (
        "A shard must have the arrays that the index says. Received: model-2.safetensors without b.bias",
        "Download the files again.",
    )


@pytest.mark.parametrize(
    "content", ["{", "[]", "{}", '{"weight_map": [1]}', '{"weight_map": {"a": 3}}', b"\xff"]
)
def test_an_index_that_cannot_be_read_is_named(tmp_path, content):
    path = tmp_path / "model.safetensors.index.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert refusal(tmp_path) == (
        "The index of a model in shards must be readable. Received: theirs/model.safetensors.index.json",
        "Restore the file.",
    )


def test_a_folder_without_weights_is_told_how_to_get_them(tmp_path):
    assert refusal(tmp_path) == (
        "A model must have a model.safetensors or a pytorch_model.bin, whole or in shards. Received: theirs",
        "Download the weights too: `hf download MODEL --local-dir DIR`.",
    )


def test_without_torch_a_pickle_is_told_how_to_be_read(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    message, hint = refusal(tmp_path)
    assert message.endswith("Received: theirs/pytorch_model.bin, and torch is not installed")
    assert (
        hint
        == "`pip install torch`, or save the model as model.safetensors with `model.save_pretrained(DIR)`."
    )
