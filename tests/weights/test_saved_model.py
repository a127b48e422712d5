"""A model on disk, opened once."""

from pathlib import Path

import numpy as np
import pytest

from mbert_cli.errors import UserError
from mbert_cli.model.options import SIZES
from mbert_cli.runs.directory import RunDir
from mbert_cli.runs.listing import WEIGHTS
from mbert_cli.text.vocabulary import LEADING_TOKENS, VOCABULARY_FILE, Vocabulary
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.saved_files import describe_vocabulary, save_arrays
from mbert_cli.weights.saved_model import RunModel

TOKENS = Vocabulary((*LEADING_TOKENS, "cat"))
DESCRIPTION = ModelDescription(
    verb="distill", size=SIZES["mobilebert_laptop"], vocabulary=describe_vocabulary(TOKENS)
)


@pytest.fixture
def path(tmp_path) -> Path:
    def write(folder: Path) -> None:
        save_arrays(folder, {"pooler/bias": np.arange(4, dtype=np.float32)}, DESCRIPTION)
        TOKENS.save(folder / VOCABULARY_FILE)

    with RunDir.open(tmp_path / "run", "distill", {"seed": 5}, fresh=False, origin={}) as run:
        run.finish(write)
    return tmp_path / "run"


def test_description_recipe_and_hashes_are_read_when_it_is_opened(path):
    model = RunModel.open(path, ["distill"])
    (path / "final/model.json").unlink()
    (path / "final/manifest.json").unlink()
    (path / "recipe.yaml").unlink()
    assert (model.path, model.folder, model.description) == (path, path / "final", DESCRIPTION)
    assert model.run.recipe == {"seed": 5}
    assert set(model.run.files) == {"model.json", "recipe.yaml", WEIGHTS, VOCABULARY_FILE}


def test_weights_and_vocabulary_are_read_once_and_when_they_are_asked_for(path):
    model = RunModel.open(path, ["distill"])
    assert model.weights["pooler/bias"].tolist() == [0, 1, 2, 3]
    assert model.vocabulary == TOKENS
    (path / "final" / WEIGHTS).unlink()
    (path / "final" / VOCABULARY_FILE).unlink()
    assert model.weights is model.weights
    assert model.vocabulary == TOKENS


def test_a_run_without_a_model_is_refused(tmp_path):
    with RunDir.open(tmp_path / "run", "distill", {}, fresh=False, origin={}) as run:
        run.finish(lambda folder: None)
    with pytest.raises(UserError) as caught:
        RunModel.open(tmp_path / "run", ["distill"])
    assert (
        caught.value.message
        == f"A saved model has a readable model.json. Received: {tmp_path}/run/final/model.json"
    )
