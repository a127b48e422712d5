"""Runs as teachers: what heads they must have."""

from pathlib import Path

import numpy as np
import pytest

from mbert_cli.errors import UserError
from mbert_cli.model.heads import build_pretraining_network
from mbert_cli.model.options import Architecture
from mbert_cli.text.vocabulary import LEADING_TOKENS, Vocabulary
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.saved_files import describe_vocabulary, save_arrays
from mbert_cli.weights.saved_model import SavedModel
from mbert_cli.weights.saved_network import load_teacher
from mbert_cli.weights.variables import read_variables

VOCABULARY = Vocabulary((*LEADING_TOKENS, "cat", "dog"))
SIZE = Architecture(
    num_layers=1,
    hidden_dim=4,
    num_heads=2,
    intermediate_dim=6,
    embedding_dim=4,
    max_length=8,
    use_pooler=True,
)
DESCRIPTION = ModelDescription(verb="import", size=SIZE, vocabulary=describe_vocabulary(VOCABULARY))


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    return read_variables(build_pretraining_network(SIZE, vocab_size=VOCABULARY.size, seed=3))


def write_run(run: Path, arrays: dict[str, np.ndarray], *missing: str) -> SavedModel:
    """A run whose weights lack those that begin with the names given."""
    (run / "final").mkdir(parents=True)
    kept = {name: array for name, array in arrays.items() if not name.startswith(missing or "-")}
    save_arrays(run / "final", kept, DESCRIPTION)
    return SavedModel(run, run / "final", DESCRIPTION)


@pytest.mark.parametrize("missing", [(), ("next_sentence",), ("next_sentence", "pooler")])
def test_a_teacher_may_lack_the_head_for_the_next_sentence(missing, arrays, tmp_path):
    teacher = load_teacher(write_run(tmp_path / "run", arrays, *missing))
    assert ("next_sentence_logits" in teacher.output) == (not missing)
    loaded = read_variables(teacher)
    assert "masked_language_model/output/bias" in loaded
    assert all(np.array_equal(arrays[name], array) for name, array in loaded.items())


def test_a_teacher_that_predicts_nothing_is_the_encoder_alone(arrays, tmp_path):
    model = write_run(tmp_path / "run", arrays, "masked_language_model")
    teacher = load_teacher(model, predicts=False, returns_projections=True)
    assert set(teacher.output) == {"hidden_states", "attention_logits", "queries", "keys", "values"}
    loaded = read_variables(teacher)
    assert set(loaded) == {name for name in arrays if name.startswith("encoder/")}
    assert all(np.array_equal(arrays[name], array) for name, array in loaded.items())


def test_a_teacher_without_a_head_for_masked_words_is_refused(arrays, tmp_path):
    model = write_run(tmp_path / "run", arrays, "masked_language_model")
    with pytest.raises(UserError) as refused:
        load_teacher(model)
    assert refused.value.message == (
        "A teacher whose predictions of masked words are learned must have a head for them. "
        f"Received: {model.path} with next_sentence"
    )
