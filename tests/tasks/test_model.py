"""Fine-tuned runs and artifacts behind one face, and what damaged or incomplete ones get."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples.options import InstalledDocsTask
from mbert_cli.examples.texts import Examples, TaskData
from mbert_cli.model.heads import build_task_network
from mbert_cli.model.options import SIZES
from mbert_cli.runs.manifest import write_directory
from mbert_cli.tasks.model import open_task_model
from mbert_cli.text.vocabulary import LEADING_TOKENS, Vocabulary
from mbert_cli.tflite.convert import convert
from mbert_cli.tflite.metadata import ArtifactMetadata, write_metadata
from mbert_cli.weights.description import ModelDescription, VocabularyDescription
from mbert_cli.weights.saved_files import load_run_vocabulary

VOCABULARY = Vocabulary((*LEADING_TOKENS, "cat", "dog"))
SIZE = SIZES["mobilebert_laptop"].model_copy(update={"num_layers": 1})
DESCRIPTION = ModelDescription(
    verb="finetune",
    size=SIZE,
    vocabulary=VocabularyDescription(size=VOCABULARY.size, lowercase=True, digest=VOCABULARY.digest),
    output_names=["a", "b"],
    task=InstalledDocsTask(source="installed_docs"),
)


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> Path:
    """A folder as `mbert export-tflite` writes it."""
    folder = tmp_path_factory.mktemp("export") / "float32"
    network = build_task_network(SIZE, vocab_size=VOCABULARY.size, num_outputs=2)
    content = convert(network, 8, "float32")

    def write(directory: Path) -> None:
        (directory / "model.tflite").write_bytes(content)
        DESCRIPTION.save(directory)
        VOCABULARY.save(directory / "vocab.txt")

    write_directory(folder, write)
    return folder


@pytest.fixture
def copied(exported, tmp_path) -> Path:
    return Path(shutil.copytree(exported, tmp_path / "float32"))


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as error:
        open_task_model(path)
    return error.value.message


@pytest.mark.parametrize(("value", "found"), [(np.nan, "NaN"), (np.inf, "infinity")])
def test_outputs_that_are_not_finite_are_refused(exported, value, found):
    model = open_task_model(exported / "model.tflite")
    outputs = np.array([[0.5, 0.5], [0.5, value]], np.float32)
    with pytest.raises(UserError) as error:
        replace(model, predict=lambda batches: outputs).answer_batches([])
    assert error.value.message == (
        f"The outputs of a task model must be finite numbers. Received: {found} from {exported}/model.tflite"
    )
    assert error.value.hint == "Its weights are not finite or too large: train, import or export it again."
    finite = replace(model, predict=lambda batches: outputs[:1])
    np.testing.assert_array_equal(finite.answer_batches([]), [[0.5, 0.5]])


def test_an_artifact_whose_weights_are_not_finite_answers_nothing(copied):
    (copied / "manifest.json").unlink()
    network = build_task_network(SIZE, vocab_size=VOCABULARY.size, num_outputs=2)
    weight = next(weight for weight in network.weights if weight.path.startswith("classifier"))
    weight.assign(np.full(weight.shape, np.nan))
    (copied / "model.tflite").write_bytes(convert(network, 8, "float32"))
    model = open_task_model(copied / "model.tflite")
    task = TaskData("texts", ["a", "b"], {})
    examples = Examples(["cat"], None, np.zeros(1, np.int32))
    encoded = model.encode(task, examples, model.description.task)
    with pytest.raises(UserError, match="Received: NaN from"):
        model.answer(encoded, 1)


@pytest.mark.parametrize("name", ["model.tflite", "model.json"])
def test_what_an_artifact_is_read_with_must_be_as_it_was_written(copied, name):
    (copied / name).write_bytes((copied / name).read_bytes() + b" ")
    assert f"{name} was altered" in refusal(copied / "model.tflite")


def test_an_artifact_whose_card_was_edited_is_opened(exported, tmp_path):
    write_directory(tmp_path / "int8", lambda folder: shutil.copytree(exported, folder, dirs_exist_ok=True))
    for name in ("README.md", "report.json"):
        (tmp_path / "int8" / name).write_text("my own words")
    open_task_model(tmp_path / "int8" / "model.tflite")


def test_an_artifact_knows_its_labels_and_length(exported):
    model = open_task_model(exported / "model.tflite")
    assert model.description.output_names == ["a", "b"]
    assert model.sequence_length == 8


def test_the_folder_of_an_artifact_is_refused(copied):
    assert refusal(copied) == f"An artifact must be named by its file. Received: {copied}, its folder"


def test_an_artifact_without_its_files_is_refused(copied):
    (copied / "vocab.txt").unlink()
    assert refusal(copied / "model.tflite") == (
        "An artifact is read with model.json and vocab.txt, which are packed into it or lie beside it. "
        f"Received: {copied}/model.tflite without vocab.txt"
    )


def test_an_artifact_with_its_files_inside_answers_alone(exported, tmp_path):
    files = {name: (exported / name).read_bytes() for name in ("model.json", "vocab.txt")}
    content = (exported / "model.tflite").read_bytes()
    path = tmp_path / "moved.tflite"
    path.write_bytes(write_metadata(content, ArtifactMetadata("moved", files=files)))
    model, beside = open_task_model(path), open_task_model(exported / "model.tflite")
    assert (model.description, model.vocabulary) == (beside.description, beside.vocabulary)
    encoded = model.encode(
        TaskData("texts", ["a", "b"], {}), Examples(["cat"], None, np.zeros(1, np.int32)), model.own_task
    )
    np.testing.assert_array_equal(model.answer(encoded, 1), beside.answer(encoded, 1))


def test_a_damaged_artifact_is_refused(copied):
    content = bytearray((copied / "model.tflite").read_bytes())
    content[-100] ^= 1
    (copied / "model.tflite").write_bytes(content)
    assert f"{copied}" in refusal(copied / "model.tflite")
    assert "model.tflite" in refusal(copied / "model.tflite")


def test_a_vocabulary_that_is_not_the_models_is_refused(copied):
    Vocabulary((*VOCABULARY.tokens, "bird")).save(copied / "vocab.txt")
    with pytest.raises(UserError) as error:
        load_run_vocabulary(copied, DESCRIPTION)
    assert error.value.message == (
        "A model is read with the 106 tokens it was trained with. "
        f"Received: {copied}/vocab.txt with 107 tokens, which are others or matched otherwise"
    )
    assert json.loads((copied / "model.json").read_text())["vocabulary"]["size"] == 106
