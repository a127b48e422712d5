"""Students of TinyBERT's and DistilBERT's shapes give the same outputs in transformers."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import keras

from mbert_cli.commands import convert_checkpoint
from mbert_cli.commands.convert_checkpoint import ConvertCommand
from mbert_cli.model.encoder import build_encoder
from mbert_cli.model.heads import build_pretraining_network, build_task_network
from mbert_cli.model.options import SIZES, Architecture
from mbert_cli.runs.directory import RunDir
from mbert_cli.text.vocabulary import LEADING_TOKENS, Vocabulary, load_vocabulary
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.saved_files import describe_vocabulary
from mbert_cli.weights.saved_network import save_network

VOCABULARY = Vocabulary((*LEADING_TOKENS, *"abcdefgh"))
NARROW = {
    "num_layers": 2,
    "hidden_dim": 24,
    "embedding_dim": 24,
    "num_heads": 3,
    "intermediate_dim": 20,
    "max_length": 16,
}
TINYBERT, DISTILBERT = (SIZES[name].model_copy(update=NARROW) for name in ("tinybert_4", "distilbert_6"))
LABELS = ["bad", "so-so", "good"]


pytestmark = pytest.mark.usefixtures("empty_folder")


def converted(network: keras.Model, size: Architecture, verb: str, name: str) -> "torch.nn.Module":
    """A network with random weights, as transformers loads the class that its configuration names."""
    random = np.random.default_rng(0)
    for weight in network.weights:
        centre = 1.0 if weight.path.endswith("gamma") else 0.0
        weight.assign(random.normal(centre, 0.2, weight.shape))
    task = {"output_names": LABELS} if "Classification" in name else {}
    described = describe_vocabulary(VOCABULARY)
    description = ModelDescription(verb=verb, size=size, vocabulary=described, **task)
    VOCABULARY.save(Path("vocab.txt"))
    with RunDir.open(Path("run"), verb, {"seed": 0}, fresh=False, origin={}) as run:
        run.finish(
            lambda folder: save_network(
                folder, network, description, load_vocabulary(Path("vocab.txt"), True)
            )
        )
    convert_checkpoint.run(ConvertCommand(Path("run"), Path("out")))
    model, notes = getattr(transformers, name).from_pretrained("out", output_loading_info=True)
    assert model.config.architectures == [name]
    assert not notes["unexpected_keys"] and {key.split(".")[0] for key in notes["missing_keys"]} <= {"pooler"}
    return model.eval()


def batch() -> dict[str, np.ndarray]:
    mask = (np.arange(9)[None] < np.array([9, 6, 3])[:, None]).astype("int32")
    token_ids = np.random.default_rng(1).integers(5, VOCABULARY.size, mask.shape).astype("int32") * mask
    segments = (np.arange(9)[None] > 2).astype("int32") * mask
    return {"token_ids": token_ids, "segment_ids": segments, "padding_mask": mask}


def run_theirs(model: "torch.nn.Module", rows: dict[str, np.ndarray]):
    inputs = {"input_ids": rows["token_ids"], "attention_mask": rows["padding_mask"]}
    if model.config.model_type == "bert":
        inputs["token_type_ids"] = rows["segment_ids"]
    with torch.no_grad():
        return model(**{name: torch.tensor(array, dtype=torch.long) for name, array in inputs.items()})


def assert_equal(ours: object, theirs: "torch.Tensor", rows: dict[str, np.ndarray] | None = None) -> None:
    """Equal outputs, at real tokens where rows are given."""
    real = slice(None) if rows is None else rows["padding_mask"] > 0
    np.testing.assert_allclose(keras.ops.convert_to_numpy(ours)[real], theirs.numpy()[real], atol=2e-5)


@pytest.mark.parametrize(("size", "name"), [(TINYBERT, "BertModel"), (DISTILBERT, "DistilBertModel")])
def test_a_student_of_general_distillation_is_an_encoder(size, name):
    network, rows = build_encoder(size, vocab_size=VOCABULARY.size), batch()
    theirs = run_theirs(converted(network, size, "distill", name), rows)
    assert_equal(network(rows)["hidden_states"][-1], theirs.last_hidden_state, rows)


def test_a_student_of_distilbert_predicts_masked_words_and_nothing_else():
    network = build_pretraining_network(DISTILBERT, vocab_size=VOCABULARY.size, next_sentence=False)
    rows = batch()
    theirs = run_theirs(converted(network, DISTILBERT, "distill", "DistilBertForMaskedLM"), rows)
    positions = np.tile(np.arange(9, dtype="int32"), (3, 1))
    assert_equal(network({**rows, "masked_positions": positions})["masked_logits"], theirs.logits, rows)


@pytest.mark.parametrize(
    ("size", "name"),
    [(TINYBERT, "BertForSequenceClassification"), (DISTILBERT, "DistilBertForSequenceClassification")],
)
@pytest.mark.parametrize("verb", ["finetune", "distill-task"])
def test_a_student_of_a_task_gives_the_same_logits(size, name, verb):
    network, rows = build_task_network(size, num_outputs=3, vocab_size=VOCABULARY.size), batch()
    theirs = converted(network, size, verb, name)
    assert list(theirs.config.id2label.values()) == LABELS
    assert_equal(network(rows)["logits"], run_theirs(theirs, rows).logits)
