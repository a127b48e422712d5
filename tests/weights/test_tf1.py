"""TF1 checkpoints are written and read by name; what no network has is skipped and counted."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from mbert_cli.errors import UserError
from mbert_cli.model.heads import build_pretraining_network, build_task_network
from mbert_cli.model.options import SIZES, Architecture
from mbert_cli.tasks.kinds import KINDS
from mbert_cli.weights.checkpoint_source import read_checkpoint
from mbert_cli.weights.configuration import write_tf1_configuration
from mbert_cli.weights.conversion import to_foreign
from mbert_cli.weights.names import weights_of
from mbert_cli.weights.tf1 import write_checkpoint
from mbert_cli.weights.variables import read_variables

CHANGES = {"num_layers": 2, "hidden_dim": 32, "embedding_dim": 16, "intermediate_dim": 24, "num_heads": 2,
           "max_length": 16}  # fmt: skip
SMALL: dict[str, Architecture] = {
    name: SIZES[name].model_copy(update=CHANGES | ({"intra_dim": 16} if SIZES[name].intra_dim else
                                                   {"embedding_dim": 32}))
    for name in ("mobilebert", "mobilebert_tiny", "mobilebert_no_opt", "ib_bert_large", "bert_base")
}  # fmt: skip
EXTRAS = {
    "global_step": np.int64(7),
    "bert/embeddings/word_embeddings/adam_m": np.zeros((20, 16), np.float32),
    "bert/encoder/layer_0/attention/self/MobileBertActFakeQuantWithMinMaxVars_1/min": np.float32(-1),
    "teacher/bert/embeddings/word_embeddings": np.zeros((20, 16), np.float32),
    "hidden_distill_0/LayerNorm/gamma": np.zeros(32, np.float32),
}


def write(
    folder: Path, size: Architecture, network, heads: dict[str, int], extras: dict | None = None
) -> dict:
    """A checkpoint folder as google-research publishes them, and the arrays in it by our names."""
    folder.mkdir()
    arrays = read_variables(network)
    if size.use_pooler:
        heads = {"pooler": 0} | heads
    family = "mobilebert" if size.intra_dim else "bert"
    foreign = to_foreign(arrays, weights_of(size, 20, heads, "tf1", family))
    write_checkpoint(folder / "mobilebert_variables.ckpt", foreign | (extras or {}))
    values = write_tf1_configuration(size, 20, family)
    (folder / "bert_config.json").write_text(json.dumps(values))
    return arrays


@pytest.mark.parametrize("name", SMALL)
def test_a_checkpoint_is_read_as_it_was_written(name, tmp_path):
    size = SMALL[name]
    network = build_pretraining_network(size, vocab_size=20, seed=1)
    heads = {"masked_language_model": 0, "next_sentence": 0}
    arrays = write(tmp_path / "c", size, network, heads, EXTRAS)
    imported = read_checkpoint(tmp_path / "c")
    shapes = {"hidden_dropout_rate", "attention_dropout_rate", "initializer_range"}
    assert imported.size.model_dump(exclude=shapes) == size.model_dump(exclude=shapes)
    assert set(imported.arrays) == set(arrays)
    for role, array in arrays.items():
        np.testing.assert_array_equal(imported.arrays[role], array)
    assert imported.coverage.skipped == {
        "range of a simulated quantization": (
            "bert/encoder/layer_0/attention/self/MobileBertActFakeQuantWithMinMaxVars_1/min",
        ),
        "state of the optimizer": ("bert/embeddings/word_embeddings/adam_m",),
        "state of the training": ("global_step",),
        "normalization of a distillation loss": ("hidden_distill_0/LayerNorm/gamma",),
        "teacher of a distillation": ("teacher/bert/embeddings/word_embeddings",),
    }


def test_a_prefix_before_all_names_is_taken_off(tmp_path):
    size = SMALL["bert_base"]
    network = build_task_network(size, num_outputs=3, vocab_size=20, seed=1)
    arrays = write(tmp_path / "c", size, network, {"classifier": 3})
    foreign = to_foreign(arrays, weights_of(size, 20, {"pooler": 0, "classifier": 3}, "tf1", "bert"))
    foreign = {f"student/{name}": array for name, array in foreign.items()}
    write_checkpoint(tmp_path / "c" / "mobilebert_variables.ckpt", foreign | EXTRAS)
    imported = read_checkpoint(tmp_path / "c", allow_unused=True)
    assert imported.notes == ("`student/` before all names of arrays is taken off",)
    assert imported.coverage.unused == () and set(imported.arrays) == set(arrays)
    for role, array in arrays.items():
        np.testing.assert_array_equal(imported.arrays[role], array)


@pytest.mark.parametrize(
    ("kind", "head", "labels"),
    [("classification", "classifier", 3), ("question_answering", "answer_span", 2)],
)
def test_heads_of_tasks_are_found(kind, head, labels, tmp_path):
    size = SMALL["mobilebert"]
    network = build_task_network(size, head=KINDS[kind].head, num_outputs=labels, vocab_size=20)
    arrays = write(tmp_path / "c", size, network, {head: labels})
    for source in (tmp_path / "c", tmp_path / "c/mobilebert_variables.ckpt",
                   tmp_path / "c/mobilebert_variables.ckpt.index"):  # fmt: skip
        imported = read_checkpoint(source)
        assert list(imported.heads) == [head]
        np.testing.assert_array_equal(imported.arrays[f"{head}/kernel"], arrays[f"{head}/kernel"])


@pytest.fixture
def folder(tmp_path) -> Path:
    size = SMALL["mobilebert"]
    write(tmp_path / "c", size, build_pretraining_network(size, vocab_size=20),
          {"masked_language_model": 0, "next_sentence": 0}, {"odd/variable": np.zeros(3, np.float32)})  # fmt: skip
    return tmp_path / "c"


def refusal(source: Path, **options) -> UserError:
    with pytest.raises(UserError) as caught:
        read_checkpoint(source, **options)
    return caught.value


def test_an_array_that_nothing_is_known_about_is_an_error_unless_allowed(folder):
    error = refusal(folder)
    assert error.message == (
        "Every array of the checkpoint must be used, or be known to be needless. Unused: odd/variable"
    )
    assert error.hint == "Give --allow-unused to leave them out."
    assert read_checkpoint(folder, allow_unused=True).coverage.unused == ("odd/variable",)


def test_a_checkpoint_without_its_data_is_refused(folder):
    next(folder.glob("*.data*")).unlink()
    error = refusal(folder)
    assert error.message.startswith(
        f"A TF1 checkpoint must be whole. Received: {folder}/mobilebert_variables.ckpt"
    )
    assert error.hint == ("It consists of PREFIX.index and PREFIX.data-00000-of-00001; name it by PREFIX.")


def test_a_cut_data_file_is_refused(folder):
    data = next(folder.glob("*.data*"))
    data.write_bytes(data.read_bytes()[:1000])
    assert "A TF1 checkpoint must be whole" in refusal(folder, allow_unused=True).message


def test_a_folder_without_checkpoint_is_refused(tmp_path):
    assert refusal(tmp_path).message == (
        "A checkpoint is a folder with config.json, or a TF1 checkpoint beside its bert_config.json. "
        f"Received: {tmp_path}"
    )


def test_another_configuration_than_that_of_the_weights_is_refused_with_both_shapes(folder, tmp_path):
    values = json.loads((folder / "bert_config.json").read_text())
    shutil.copytree(folder, tmp_path / "other")
    (tmp_path / "other/bert_config.json").write_text(json.dumps(values | {"intermediate_size": 40}))
    error = refusal(tmp_path / "other")
    assert error.message == (
        "encoder/layer_00/feed_forward_0/intermediate/kernel must have the shape (16, 40) in the checkpoint. "
        "Received: (16, 24) for bert/encoder/layer_0/ffn_layer_0/intermediate/dense/kernel"
    )
