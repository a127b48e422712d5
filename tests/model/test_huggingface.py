"""Our encoders against Hugging Face's on torch, with the same random weights."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import keras

from mbert_cli.model.heads import build_pretraining_network
from mbert_cli.model.options import Architecture
from mbert_cli.weights.conversion import from_foreign
from mbert_cli.weights.names import weights_of
from mbert_cli.weights.variables import assign_variables

BERT = Architecture(
    num_layers=2, hidden_dim=24, num_heads=3, intermediate_dim=40, embedding_dim=24, max_length=32,
    use_pooler=True,
)  # fmt: skip
MOBILEBERT = Architecture(
    num_layers=3, hidden_dim=32, num_heads=2, intermediate_dim=20, embedding_dim=12, intra_dim=16,
    trigram_input=True, num_feedforward_networks=4, key_query_shared_bottleneck=True,
    normalization="no_norm", activation="relu", max_length=32,
)  # fmt: skip
SIZES = {
    "bert": BERT,
    "mobilebert": MOBILEBERT,
    "mobilebert_pooled": MOBILEBERT.model_copy(update={"use_pooler": True}),
    "mobilebert_tiny": MOBILEBERT.model_copy(
        update={
            "num_feedforward_networks": 2,
            "use_bottleneck_attention": True,
            "key_query_shared_bottleneck": False,
        }
    ),
    "mobilebert_no_opt": MOBILEBERT.model_copy(update={"normalization": "layer_norm", "activation": "gelu"}),
    "ib_bert": MOBILEBERT.model_copy(
        update={
            "intra_dim": 40,
            "num_feedforward_networks": 1,
            "key_query_shared_bottleneck": False,
            "normalization": "layer_norm",
            "activation": "gelu",
        }
    ),
}
PLAIN = MOBILEBERT.model_copy(update={"intra_dim": None, "key_query_shared_bottleneck": False})
SIZES |= {
    "mobilebert_without_bottlenecks": PLAIN,
    "mobilebert_without_bottlenecks_and_trigram": PLAIN.model_copy(
        update={"trigram_input": False, "num_feedforward_networks": 1, "normalization": "layer_norm"}
    ),
}
VOCAB_SIZE = 60


def family_of(size: Architecture) -> str:
    return "bert" if size.embedding_dim == size.hidden_dim else "mobilebert"


def build_reference(size: Architecture) -> "torch.nn.Module":
    """The Hugging Face model of a size with random weights, NoNorm's included."""
    torch.manual_seed(0)
    shared = {
        "vocab_size": VOCAB_SIZE,
        "hidden_size": size.hidden_dim,
        "num_hidden_layers": size.num_layers,
        "num_attention_heads": size.num_heads,
        "intermediate_size": size.intermediate_dim,
        "hidden_act": "gelu_new" if size.activation == "gelu" else "relu",
        "max_position_embeddings": size.max_length,
        "layer_norm_eps": 1e-12,
        "attn_implementation": "eager",
    }
    if family_of(size) == "bert":
        model = transformers.BertForPreTraining(transformers.BertConfig(**shared))
    else:
        model = transformers.MobileBertForPreTraining(_mobilebert_config(size, shared))
    for module in model.modules():
        if isinstance(module, torch.nn.LayerNorm):
            module.eps = 1e-12  # some of MobileBERT's are built without the configured value
    if size.intra_dim and not (size.use_bottleneck_attention or size.key_query_shared_bottleneck):
        for layer in model.mobilebert.encoder.layer:  # IB-BERT: no configuration says "query reads wide"
            layer.attention.self.query = torch.nn.Linear(size.hidden_dim, size.intra_dim)
            layer.attention.self.key = torch.nn.Linear(size.hidden_dim, size.intra_dim)
    for name, parameter in model.named_parameters():
        centre = 1.0 if name.endswith("LayerNorm.weight") else 0.0
        torch.nn.init.normal_(parameter, mean=centre, std=0.15)
    return model.eval()


def _mobilebert_config(size: Architecture, shared: dict) -> "transformers.MobileBertConfig":
    return transformers.MobileBertConfig(
        **shared, embedding_size=size.embedding_dim, trigram_input=size.trigram_input,
        use_bottleneck=size.intra_dim is not None, intra_bottleneck_size=size.intra_dim or 128,
        use_bottleneck_attention=size.use_bottleneck_attention,
        key_query_shared_bottleneck=size.key_query_shared_bottleneck,
        num_feedforward_networks=size.num_feedforward_networks,
        normalization_type=size.normalization, classifier_activation=size.use_pooler,
    )  # fmt: skip


def build_ours(reference: "torch.nn.Module", size: Architecture) -> keras.Model:
    """Our network with the weights of the reference."""
    network = build_pretraining_network(size, vocab_size=VOCAB_SIZE, seed=None)
    heads = {"masked_language_model": 0, "next_sentence": 0} | ({"pooler": 0} if size.use_pooler else {})
    family = family_of(size)
    state = {name: tensor.numpy() for name, tensor in reference.state_dict().items()}
    arrays, _ = from_foreign(state, weights_of(size, VOCAB_SIZE, heads, "huggingface", family))
    assign_variables(network, arrays)
    return network


def padded_batch() -> dict[str, np.ndarray]:
    """Three sentence pairs of 11, 7 and 4 tokens."""
    generator = np.random.default_rng(0)
    lengths = np.array([11, 7, 4])[:, None]
    position = np.arange(11)[None]
    mask = (position < lengths).astype("int32")
    token_ids = generator.integers(1, VOCAB_SIZE, (3, 11)).astype("int32") * mask
    segment_ids = (position > lengths // 2).astype("int32") * mask
    positions = np.array([[1, 5, 10], [6, 2, 0], [3, 1, 0]], "int32")
    return {
        "token_ids": token_ids,
        "segment_ids": segment_ids,
        "padding_mask": mask,
        "masked_positions": positions,
    }


def assert_close(ours: object, theirs: "torch.Tensor") -> None:
    """Within 1e-4 of the largest value: activations without normalization span many magnitudes."""
    theirs = theirs.numpy()
    difference = np.abs(keras.ops.convert_to_numpy(ours) - theirs).max()
    assert difference <= 1e-4 * np.abs(theirs).max()


@pytest.fixture(scope="module", params=SIZES)
def both(request):
    """Outputs of our network and of the reference, for one size."""
    size, batch = SIZES[request.param], padded_batch()
    reference = build_reference(size)
    network = build_ours(reference, size)
    with torch.no_grad():
        theirs = reference(
            input_ids=torch.tensor(batch["token_ids"], dtype=torch.long),
            token_type_ids=torch.tensor(batch["segment_ids"], dtype=torch.long),
            attention_mask=torch.tensor(batch["padding_mask"]),
            output_hidden_states=True,
            output_attentions=True,
        )
    return network(batch), theirs, batch


def test_every_hidden_state_is_that_of_hugging_face(both):
    ours, theirs, _ = both
    assert len(ours["hidden_states"]) == len(theirs.hidden_states)
    for our_state, their_state in zip(ours["hidden_states"], theirs.hidden_states, strict=True):
        assert_close(our_state, their_state)


def test_the_softmax_of_our_logits_is_the_attention_of_hugging_face(both):
    ours, theirs, _ = both
    assert len(ours["attention_logits"]) == len(theirs.attentions)
    for logits, probabilities in zip(ours["attention_logits"], theirs.attentions, strict=True):
        assert_close(keras.ops.softmax(logits), probabilities)


def test_masked_language_model_logits_are_those_of_hugging_face(both):
    ours, theirs, batch = both
    rows = torch.arange(3)[:, None], torch.tensor(batch["masked_positions"], dtype=torch.long)
    assert_close(ours["masked_logits"], theirs.prediction_logits[rows])


def test_next_sentence_logits_are_those_of_hugging_face(both):
    ours, theirs, _ = both
    assert_close(ours["next_sentence_logits"], theirs.seq_relationship_logits)
