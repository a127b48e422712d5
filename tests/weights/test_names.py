"""The tables of names cover every weight of every network, each once."""

import pytest

from mbert_cli.model.heads import build_pretraining_network, build_task_network
from mbert_cli.model.options import SIZES
from mbert_cli.tasks.kinds import KINDS
from mbert_cli.weights.names import weights_of

SMALL = {"num_layers": 2, "max_length": 16}


@pytest.mark.parametrize("file_format", ["huggingface", "tf1"])
@pytest.mark.parametrize("name", SIZES)
def test_the_tables_have_the_weights_of_a_pretraining_network(name, file_format):
    size = SIZES[name].model_copy(update=SMALL)
    network = build_pretraining_network(size, vocab_size=20)
    heads = {"masked_language_model": 0, "next_sentence": 2} | ({"pooler": 0} if size.use_pooler else {})
    found = weights_of(size, 20, heads, file_format, "bert")
    expected = {weight.path: tuple(weight.shape) for weight in network.weights}
    assert {weight.role: weight.shape for weight in found} == expected
    names = [name for weight in found for name in weight.names]
    assert len(names) == len(set(names)) and "" not in names


@pytest.mark.parametrize(
    ("kind", "head"),
    [
        ("classification", "classifier"),
        ("question_answering", "answer_span"),
        ("token_classification", "token_classifier"),
    ],
)
def test_the_tables_have_the_heads_of_tasks(kind, head):
    size = SIZES["mobilebert"].model_copy(update=SMALL)
    network = build_task_network(size, head=KINDS[kind].head, num_outputs=2, vocab_size=20)
    found = weights_of(size, 20, {head: 2}, "huggingface", "mobilebert")
    assert {weight.role: weight.shape for weight in found} == {
        weight.path: tuple(weight.shape) for weight in network.weights
    }


def test_tf1_names_are_those_of_the_released_checkpoints():
    size = SIZES["mobilebert"].model_copy(update={"num_layers": 1})
    names = [weight.names[0] for weight in weights_of(size, 30522, {"classifier": 3}, "tf1", "mobilebert")]
    for name in (
        "bert/embeddings/embedding_transformation/kernel",
        "bert/embeddings/FakeLayerNorm/gamma",
        "bert/encoder/layer_0/bottleneck/attention/FakeLayerNorm/beta",
        "bert/encoder/layer_0/ffn_layer_2/output/FakeLayerNorm/gamma",
        "bert/encoder/layer_0/intermediate/dense/kernel",
        "bert/encoder/layer_0/output/bottleneck/dense/bias",
        "output_weights",
        "output_bias",
    ):
        assert name in names
    assert sum(name.startswith("bert/encoder/layer_0/") for name in names) == 46
    assert sum(name.startswith("bert/embeddings/") for name in names) == 7
