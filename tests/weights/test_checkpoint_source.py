"""Checkpoints of Hugging Face become networks with the same outputs, and the same files again."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import keras
import safetensors.torch

from mbert_cli.errors import UserError
from mbert_cli.model.heads import build_pretraining_network, build_task_network
from mbert_cli.tasks.kinds import KINDS
from mbert_cli.weights.checkpoint_source import Imported, checkpoint_content, read_checkpoint
from mbert_cli.weights.configuration import write_configuration
from mbert_cli.weights.conversion import to_foreign
from mbert_cli.weights.foreign_heads import write_task
from mbert_cli.weights.huggingface import read_arrays, write_model
from mbert_cli.weights.names import weights_of
from mbert_cli.weights.variables import assign_variables

VOCAB_SIZE = 60
MOBILEBERT = {
    "vocab_size": VOCAB_SIZE, "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2,
    "intermediate_size": 20, "embedding_size": 12, "intra_bottleneck_size": 16, "max_position_embeddings": 32,
    "classifier_activation": False,
}  # fmt: skip
BERT = {
    "vocab_size": VOCAB_SIZE, "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3,
    "intermediate_size": 40, "max_position_embeddings": 32,
}  # fmt: skip
DISTILBERT = {
    "vocab_size": VOCAB_SIZE, "dim": 24, "n_layers": 2, "n_heads": 3, "hidden_dim": 40,
    "max_position_embeddings": 32,
}  # fmt: skip
CASES = {
    "mobilebert": ("MobileBert", MOBILEBERT),
    "mobilebert_pooled": ("MobileBert", MOBILEBERT | {"classifier_activation": True}),
    "mobilebert_tiny": (
        "MobileBert",
        MOBILEBERT | {"num_feedforward_networks": 2, "use_bottleneck_attention": True,
                      "key_query_shared_bottleneck": False},
    ),
    "mobilebert_no_opt": (
        "MobileBert", MOBILEBERT | {"normalization_type": "layer_norm", "hidden_act": "gelu"},
    ),
    "bert": ("Bert", BERT),
    "distilbert": ("DistilBert", DISTILBERT),
}  # fmt: skip
HEADS = {
    "Model": None,
    "ForMaskedLM": "masked_logits",
    "ForPreTraining": "masked_logits",
    "ForSequenceClassification": "classification",
    "ForQuestionAnswering": "question_answering",
    "ForTokenClassification": "token_classification",
}
"""Ends of the classes' names -> what of ours is compared."""


def build_reference(case: str, head: str, scale: float = 1.0) -> "torch.nn.Module":
    """A model of Hugging Face with random weights everywhere, states reaching about `scale`."""
    family, values = CASES[case]
    torch.manual_seed(0)
    labels = {"num_labels": 3} if "Classification" in head else {}
    configuration = getattr(transformers, f"{family}Config")(**values, **labels, attn_implementation="eager")
    model = getattr(transformers, family + head)(configuration)
    for name, parameter in model.named_parameters():
        centre = 1.0 if name.lower().endswith("norm.weight") else 0.0
        torch.nn.init.normal_(parameter, mean=centre, std=0.15)
        if name.endswith("output.bottleneck.LayerNorm.weight"):
            parameter.data *= scale ** (1 / values["num_hidden_layers"])
        if "bottleneck.input.dense" in name or "bottleneck.attention.dense" in name:
            parameter.data /= scale
    return model.eval()


def padded_batch() -> dict[str, np.ndarray]:
    """Three sentence pairs of 11, 7 and 4 tokens."""
    generator = np.random.default_rng(0)
    lengths = np.array([11, 7, 4])[:, None]
    position = np.arange(11)[None]
    mask = (position < lengths).astype("int32")
    return {
        "token_ids": generator.integers(1, VOCAB_SIZE, (3, 11)).astype("int32") * mask,
        "segment_ids": (position > lengths // 2).astype("int32") * mask,
        "padding_mask": mask,
        "masked_positions": np.array([[1, 5, 10], [6, 2, 0], [3, 1, 0]], "int32"),
    }


def build_ours(imported: Imported, kind: str | None) -> keras.Model:
    """The network that an imported checkpoint is."""
    if kind in (None, "masked_logits"):
        network = build_pretraining_network(imported.size, vocab_size=VOCAB_SIZE, seed=None)
        missing = {"masked_language_model", "next_sentence", "pooler"} - set(imported.heads)
        assign_variables(network, imported.arrays, allow_missing=missing)
        return network
    labels = next((count for count in imported.heads.values() if count), 2)
    network = build_task_network(
        imported.size, head=KINDS[kind].head, num_outputs=labels, vocab_size=VOCAB_SIZE, seed=None
    )
    assign_variables(network, imported.arrays)
    return network


def run_reference(model: "torch.nn.Module", batch: dict[str, np.ndarray], case: str):
    inputs = {
        "input_ids": torch.tensor(batch["token_ids"], dtype=torch.long),
        "attention_mask": torch.tensor(batch["padding_mask"]),
    }
    if case != "distilbert":
        inputs["token_type_ids"] = torch.tensor(batch["segment_ids"], dtype=torch.long)
    with torch.no_grad():
        return model(**inputs, output_hidden_states=True, output_attentions=True)


def assert_close(ours: object, theirs: "torch.Tensor") -> None:
    """Within 1e-4 of the largest value: activations without normalization span many magnitudes."""
    theirs = theirs.numpy()
    difference = np.abs(keras.ops.convert_to_numpy(ours) - theirs).max()
    assert difference <= 1e-4 * np.abs(theirs).max()


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("case", CASES)
def test_a_checkpoint_of_hugging_face_gives_its_outputs_and_itself_again(case, head, tmp_path):
    if case == "distilbert" and head == "ForPreTraining":
        head = "ForMaskedLM"  # has no other
    reference, batch = build_reference(case, head), padded_batch()
    reference.save_pretrained(tmp_path)
    imported = read_checkpoint(tmp_path)
    assert not imported.coverage.unused and len(imported.coverage.used) == len(imported.arrays)
    network = build_ours(imported, HEADS[head])
    ours = network({name: batch[name] for name in network.input})
    theirs = run_reference(reference, batch, case)
    if HEADS[head] in (None, "masked_logits"):
        for one, other in zip(ours["hidden_states"], theirs.hidden_states, strict=True):
            assert_close(one, other)
        for one, other in zip(ours["attention_logits"], theirs.attentions, strict=True):
            assert_close(keras.ops.softmax(one), other)
    assert_heads_close(HEADS[head], ours, theirs, batch)
    assert_written_alike(imported, reference, tmp_path / "back")


def assert_heads_close(kind: str | None, ours: dict, theirs: object, batch: dict[str, np.ndarray]) -> None:
    if kind == "masked_logits":
        rows = torch.arange(3)[:, None], torch.tensor(batch["masked_positions"], dtype=torch.long)
        logits = theirs.prediction_logits if "prediction_logits" in theirs else theirs.logits
        assert_close(ours["masked_logits"], logits[rows])
        if "seq_relationship_logits" in theirs:
            assert_close(ours["next_sentence_logits"], theirs.seq_relationship_logits)
    elif kind == "question_answering":
        assert_close(ours["logits"][..., 0], theirs.start_logits)
        assert_close(ours["logits"][..., 1], theirs.end_logits)
    elif kind:
        assert_close(ours["logits"], theirs.logits)


def assert_written_alike(imported: Imported, reference: "torch.nn.Module", folder: Path) -> None:
    """The arrays that we write back are those that the model itself writes."""
    folder.mkdir()
    weights = weights_of(imported.size, VOCAB_SIZE, imported.heads, "huggingface", imported.family)
    name = type(reference).__name__
    configuration = write_configuration(imported.size, VOCAB_SIZE, imported.family)
    configuration |= write_task(name, imported.problem_type, imported.labels)
    write_model(folder, to_foreign(imported.arrays, weights), configuration)
    loaded, notes = type(reference).from_pretrained(folder, output_loading_info=True)
    assert not notes["missing_keys"] and not notes["unexpected_keys"]
    theirs, again = reference.state_dict(), loaded.state_dict()
    assert set(theirs) == set(again)
    for key, array in theirs.items():
        np.testing.assert_array_equal(array.numpy(), again[key].numpy())


KEPT_AND_UNREAD = {
    "without_trigram": {"trigram_input": False, "embedding_size": 32},
    "keys_of_the_bottleneck": {"use_bottleneck_attention": True, "key_query_shared_bottleneck": True},
}


@pytest.mark.parametrize("case", KEPT_AND_UNREAD)
def test_arrays_that_transformers_keeps_and_never_applies_are_no_reason_to_refuse(
    case, tmp_path, monkeypatch
):
    monkeypatch.setitem(CASES, case, ("MobileBert", MOBILEBERT | KEPT_AND_UNREAD[case]))
    reference, batch = build_reference(case, "ForMaskedLM"), padded_batch()
    reference.save_pretrained(tmp_path)
    imported = read_checkpoint(tmp_path)
    assert imported.coverage.skipped["kept by transformers, read by nothing"]
    ours = build_ours(imported, "masked_logits")
    ours = ours({name: batch[name] for name in ours.input})
    theirs = run_reference(reference, batch, "mobilebert")
    for one, other in zip(ours["hidden_states"], theirs.hidden_states, strict=True):
        assert_close(one, other)
    assert_heads_close("masked_logits", ours, theirs, batch)


def test_an_output_layer_that_no_head_reads_need_not_be_the_word_table(tmp_path):
    reference = build_reference("bert", "ForSequenceClassification")
    reference.save_pretrained(tmp_path)
    stale = {
        "cls.predictions.decoder.weight": np.ones((VOCAB_SIZE, 24), np.float32),
        "cls.predictions.bias": np.ones(VOCAB_SIZE, np.float32),
    }
    configuration = json.loads((tmp_path / "config.json").read_text())
    write_model(tmp_path, read_arrays(tmp_path) | stale, configuration | {"tie_word_embeddings": False})
    imported = read_checkpoint(tmp_path)
    assert imported.coverage.skipped == {
        "head of the pre-training": ("cls.predictions.bias",),
        "second name of a weight": ("cls.predictions.decoder.weight",),
    }


def test_a_tied_weight_is_found_under_its_second_name(tmp_path):
    reference = build_reference("bert", "ForMaskedLM")
    reference.save_pretrained(tmp_path)
    whole = read_checkpoint(tmp_path)
    arrays = read_arrays(tmp_path)
    arrays["cls.predictions.decoder.bias"] = arrays.pop("cls.predictions.bias")
    arrays["cls.predictions.decoder.weight"] = arrays.pop("bert.embeddings.word_embeddings.weight")
    write_model(tmp_path, arrays, json.loads((tmp_path / "config.json").read_text()))
    for name, array in read_checkpoint(tmp_path).arrays.items():
        np.testing.assert_array_equal(array, whole.arrays[name])


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "model."])
def test_a_model_that_was_saved_with_its_wrapper_is_the_same_model(prefix, tmp_path):
    reference = build_reference("bert", "ForSequenceClassification")
    reference.save_pretrained(tmp_path)
    whole = read_checkpoint(tmp_path)
    arrays = {prefix + name: array for name, array in read_arrays(tmp_path).items()}
    write_model(tmp_path, arrays, json.loads((tmp_path / "config.json").read_text()))
    wrapped = read_checkpoint(tmp_path)
    assert any(prefix in note for note in wrapped.notes) and wrapped.arrays.keys() == whole.arrays.keys()
    for name, array in wrapped.arrays.items():
        np.testing.assert_array_equal(array, whole.arrays[name])


def test_large_activations_are_the_same_by_ratio(tmp_path):
    reference, batch = build_reference("mobilebert", "Model", scale=1e7), padded_batch()
    reference.save_pretrained(tmp_path)
    network = build_ours(read_checkpoint(tmp_path), None)
    ours = network({name: batch[name] for name in network.input})
    theirs = run_reference(reference, batch, "mobilebert")
    assert np.abs(theirs.hidden_states[-1].numpy()).max() > 1e7
    for one, other in zip(ours["hidden_states"], theirs.hidden_states, strict=True):
        assert_close(one, other)


def test_shards_and_older_names_are_read_alike(tmp_path):
    reference = build_reference("bert", "ForSequenceClassification")
    reference.save_pretrained(tmp_path / "whole")
    reference.save_pretrained(tmp_path / "shards", max_shard_size="20KB")
    assert (tmp_path / "shards/model.safetensors.index.json").exists()
    whole, shards = (read_checkpoint(tmp_path / name) for name in ("whole", "shards"))
    arrays = read_arrays(tmp_path / "whole")
    older = {name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): a
             for name, a in arrays.items()}  # fmt: skip
    (tmp_path / "older").mkdir()
    configuration = json.loads((tmp_path / "whole/config.json").read_text())
    del configuration["model_type"]  # as in TinyBERT's folders
    fit = {"fit_dense.weight": np.zeros((24, 24), np.float32), "fit_denses.3.bias": np.zeros(24, np.float32)}
    write_model(tmp_path / "older", older | fit, configuration)
    old = read_checkpoint(tmp_path / "older")
    assert old.coverage.skipped == {
        "projection of TinyBERT's distillation": ("fit_dense.weight", "fit_denses.3.bias")
    }
    for name, array in whole.arrays.items():
        np.testing.assert_array_equal(array, shards.arrays[name])
        np.testing.assert_array_equal(array, old.arrays[name])


def test_a_pickle_is_read_without_running_it(tmp_path):
    reference = build_reference("mobilebert", "ForQuestionAnswering")
    reference.config.save_pretrained(tmp_path)
    for archived in (True, False):  # torch before 1.6 wrote no archives
        torch.save(
            reference.state_dict(), tmp_path / "pytorch_model.bin", _use_new_zipfile_serialization=archived
        )
        assert list(read_checkpoint(tmp_path).heads) == ["answer_span"]

    torch.save({"state_dict": reference.state_dict(), "epoch": 3}, tmp_path / "pytorch_model.bin")
    with pytest.raises(UserError) as refused:
        read_checkpoint(tmp_path)
    assert refused.value.message == (
        "A pickle must hold arrays by name and nothing else. "
        f"Received: {tmp_path}/pytorch_model.bin, with more of them under state_dict"
    )
    assert refused.value.hint == (
        "Save those alone: `torch.save(torch.load(FILE, weights_only=True)['state_dict'], OTHER)`."
    )

    class Attack:
        def __reduce__(self):
            return (print, ("run",))

    torch.save({"a": Attack()}, tmp_path / "pytorch_model.bin")
    with pytest.raises(UserError, match="A pickle must hold arrays by name and nothing else"):
        read_checkpoint(tmp_path)


def test_a_tied_copy_that_differs_is_refused(tmp_path):
    reference = build_reference("bert", "ForMaskedLM")
    reference.config.save_pretrained(tmp_path)
    arrays = {name: tensor.clone() for name, tensor in reference.state_dict().items()}
    arrays["cls.predictions.decoder.bias"] += 1
    torch.save(arrays, tmp_path / "pytorch_model.bin")
    with pytest.raises(UserError) as refused:
        read_checkpoint(tmp_path)
    assert refused.value.message == (
        "cls.predictions.decoder.bias must be a copy of masked_language_model/output/bias, to which it is tied. "
        "Received: other numbers"
    )


def test_arrays_of_a_type_that_is_not_read_are_named(tmp_path):
    reference = build_reference("bert", "Model")
    reference.config.save_pretrained(tmp_path)
    safetensors.torch.save_file(
        {name: tensor.to(torch.int8) for name, tensor in reference.state_dict().items()},
        tmp_path / "model.safetensors",
    )
    with pytest.raises(
        UserError, match=r"Received: I8 for embeddings\.LayerNorm\.bias in .*model\.safetensors"
    ):
        read_checkpoint(tmp_path)


def test_of_a_checkpoint_from_elsewhere_its_own_files_count(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("m").mkdir()
    for file in ("config.json", "model.safetensors", "vocab.txt", "README.md", "a.ckpt.index",
                 "a.ckpt.data-00000-of-00001", "b.ckpt.index"):  # fmt: skip
        Path("m", file).write_text("a")
    assert len(checkpoint_content(Path("m")).files) == 6
    assert checkpoint_content(Path("m/")).identity == checkpoint_content(Path("m")).identity
    assert [file.name for file in checkpoint_content(Path("m/a.ckpt")).files] == [
        "a.ckpt.data-00000-of-00001", "a.ckpt.index", "config.json", "vocab.txt",
    ]  # fmt: skip
