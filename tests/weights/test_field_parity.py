"""Fields of a configuration mean what they mean to transformers: the same outputs from the same folder."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from mbert_cli.model.heads import build_task_network
from mbert_cli.tasks.kinds import KINDS, kind_of_foreign
from mbert_cli.weights.checkpoint_source import read_checkpoint
from mbert_cli.weights.variables import assign_variables

VOCAB_SIZE = 60
SMALL = {"vocab_size": VOCAB_SIZE, "max_position_embeddings": 32, "num_labels": 3, "initializer_range": 0.2}
BERT = SMALL | {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 40}
DISTILBERT = SMALL | {"dim": 24, "n_layers": 2, "n_heads": 3, "hidden_dim": 40}
BATCH = {
    "token_ids": np.arange(1, 23, dtype="int32").reshape(2, 11),
    "segment_ids": np.repeat([[0, 1], [0, 1]], [5, 6], axis=1).astype("int32"),
    "padding_mask": np.ones((2, 11), "int32"),
}


def save(folder: Path, family: str, values: dict, fields: dict) -> "torch.nn.Module":
    """A classifier of transformers, as it reads itself back from a folder whose configuration has other fields."""
    torch.manual_seed(0)
    classifier = getattr(transformers, f"{family}ForSequenceClassification")
    classifier(getattr(transformers, f"{family}Config")(**values)).save_pretrained(folder)
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))
    return classifier.from_pretrained(folder).eval()


def theirs(model: "torch.nn.Module", segments: bool = True) -> np.ndarray:
    inputs = {"input_ids": torch.tensor(BATCH["token_ids"], dtype=torch.long)}
    if segments:
        inputs["token_type_ids"] = torch.tensor(BATCH["segment_ids"], dtype=torch.long)
    with torch.no_grad():
        return model(**inputs).logits.numpy()


def ours(folder: Path) -> np.ndarray:
    imported = read_checkpoint(folder)
    head = KINDS[kind_of_foreign(imported.task_head, imported.problem_type)].head
    network = build_task_network(
        imported.size, head=head, num_outputs=len(imported.labels), vocab_size=VOCAB_SIZE, seed=None
    )
    assign_variables(network, imported.arrays)
    return np.asarray(network({name: BATCH[name] for name in network.input})["logits"])


@pytest.mark.parametrize(
    "fields",
    [
        {"layer_norm_eps": 0.05},
        *({"hidden_act": name} for name in ("gelu_new", "gelu_fast", "gelu_accurate", "gelu_python")),
        {"chunk_size_feed_forward": 11, "is_encoder_decoder": True, "pruned_heads": {"0": []}},
        {"tie_word_embeddings": False, "sentence_transformers": {"version": "5.1.0"}, "adapters": {}},
    ],
    ids=str,
)
def test_a_field_of_bert_means_what_it_means_to_transformers(fields, tmp_path):
    model = save(tmp_path, "Bert", BERT, fields)
    np.testing.assert_allclose(ours(tmp_path), theirs(model), atol=2e-5)


@pytest.mark.parametrize(
    "fields", [{"sinusoidal_pos_embds": True}, {"layer_norm_eps": 0.05}, {"is_decoder": True}]
)
def test_a_field_that_distilbert_does_not_read_changes_nothing_and_is_listed(fields, tmp_path):
    model = save(tmp_path, "DistilBert", DISTILBERT, fields)
    np.testing.assert_allclose(ours(tmp_path), theirs(model, segments=False), atol=2e-5)
    assert any(next(iter(fields)) in note for note in read_checkpoint(tmp_path).notes)


@pytest.mark.parametrize("fields", [{"layer_norm_eps": 1e-12}, {"layer_norm_eps": 0.05}])
def test_a_mobilebert_with_layer_norms_adds_what_each_of_them_is_built_with(fields, tmp_path):
    values = SMALL | {
        "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 20,
        "embedding_size": 8, "intra_bottleneck_size": 12, "normalization_type": "layer_norm",
        "initializer_range": 0.002,
    }  # fmt: skip
    model = save(tmp_path, "MobileBert", values, fields)
    np.testing.assert_allclose(ours(tmp_path), theirs(model), rtol=1e-3, atol=1e-7)


def test_both_texts_of_a_pair_get_the_only_row_of_segments(tmp_path):
    model = save(tmp_path, "Bert", BERT | {"type_vocab_size": 1}, {})
    with pytest.raises(IndexError):
        theirs(model)
    np.testing.assert_allclose(ours(tmp_path), theirs(model, segments=False), atol=2e-5)


@pytest.mark.parametrize(
    ("outputs", "problem_type"),
    [(1, None), (1, "regression"), (1, "multi_label_classification"), (3, None), (3, "regression"),
     (3, "multi_label_classification"), (3, "single_label_classification")],
)  # fmt: skip
def test_outputs_are_what_the_pipeline_of_transformers_gives(outputs, problem_type, tmp_path):
    from mbert_cli.evaluate.outputs import OUTPUT_ACTIVATIONS

    model = save(tmp_path, "Bert", BERT | {"num_labels": outputs}, {"problem_type": problem_type})
    tokenizer = transformers.BertTokenizer(vocab={f"t{index}": index for index in range(VOCAB_SIZE)})
    pipeline = transformers.TextClassificationPipeline(model=model, tokenizer=tokenizer)
    imported, logits = read_checkpoint(tmp_path), theirs(model)
    expected = pipeline.postprocess({"logits": torch.tensor(logits[:1])}, top_k=None, _legacy=False)
    head = KINDS[kind_of_foreign(imported.task_head, imported.problem_type)].head
    given = dict(zip(imported.labels, OUTPUT_ACTIVATIONS[head.activation](logits)[0], strict=True))
    assert given == pytest.approx({one["label"]: one["score"] for one in expected}, abs=1e-6)
