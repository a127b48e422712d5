"""Any encoder makes vectors of texts where somebody says how to pool, and files of others say it themselves."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples.options import GlueTask, ImportedTask
from mbert_cli.examples.texts import Examples, TaskData
from mbert_cli.model.options import AS_IMPORTED, SIZES, EmbeddingOptions
from mbert_cli.runs.directory import RunDir
from mbert_cli.tasks.embedding import (
    describe_embedding,
    find_sentence_model,
    open_weights_of,
    refuse_embedding,
    require_encoder,
    require_pairs,
)
from mbert_cli.text.vocabulary import RESERVED, VOCABULARY_FILE, Vocabulary
from mbert_cli.weights.description import EmbeddingDescription, ModelDescription
from mbert_cli.weights.saved_files import describe_vocabulary, save_arrays
from mbert_cli.weights.sentence_transformers import SentenceModel

pytestmark = pytest.mark.usefixtures("empty_folder")

VOCABULARY = Vocabulary(tuple(RESERVED))
MEAN = EmbeddingDescription(pooling="mean", normalize=True)
PRETRAINED = ModelDescription(
    verb="train-teacher", size=SIZES["mobilebert_laptop"], vocabulary=describe_vocabulary(VOCABULARY)
)
ARRAYS = {name: np.zeros(1, np.float32) for name in ("encoder/a", "pooler/bias", "next_sentence/bias")}


def refusal(function, *arguments) -> UserError:
    with pytest.raises(UserError) as caught:
        function(*arguments)
    return caught.value


def save(description: ModelDescription) -> Path:
    def write(folder: Path) -> None:
        save_arrays(folder, ARRAYS, description)
        VOCABULARY.save(folder / VOCABULARY_FILE)

    with RunDir.open(Path("runs/one"), description.verb, {}, fresh=False, origin={}) as run:
        run.finish(write)
    return Path("runs/one")


def test_a_run_without_a_pooling_stays_what_it_is():
    saved = open_weights_of(save(PRETRAINED))
    assert saved.description == PRETRAINED and set(saved.weights) == set(ARRAYS)


@pytest.mark.parametrize("normalize", [None, False, True])
def test_a_pooling_makes_an_encoder_of_any_run_and_says_so(normalize, capsys):
    saved = open_weights_of(save(PRETRAINED), EmbeddingOptions(pooling="cls", normalize=normalize))
    assert saved.description.embedding == EmbeddingDescription(pooling="cls", normalize=bool(normalize))
    assert set(saved.weights) == {"encoder/a"}
    assert (saved.description.kind, saved.description.task.source) == ("embedding", "imported")
    what = "of length 1" if normalize else "not normalized"
    assert capsys.readouterr().err == f"runs/one: a text becomes a vector, the state of [CLS], {what}\n"


def test_a_pooling_leaves_a_run_its_way_of_cutting_texts():
    task = GlueTask(source="glue", name="sst2", client="mediapipe", sequence_length=32)
    run = save(PRETRAINED.model_copy(update={"task": task, "kind": "classification"}))
    found = open_weights_of(run, EmbeddingOptions(pooling="mean")).description.task
    assert found == ImportedTask(source="imported", client="mediapipe", sequence_length=32)


def test_a_network_that_keeps_its_states_divided_makes_no_vectors():
    folded = PRETRAINED.size.model_copy(update={"merged_projections": True})
    run = save(PRETRAINED.model_copy(update={"size": folded}))
    assert open_weights_of(run).description.size.is_folded
    error = refusal(open_weights_of, run, EmbeddingOptions(pooling="mean"))
    assert error.message == (
        "Vectors are made of what a model's norms give. Received: runs/one, which was fine-tuned with quantize and "
        "keeps its hidden states divided by factors of its norms"
    )


def test_what_was_imported_with_a_pooling_keeps_it_where_nothing_else_is_said(capsys):
    run = save(describe_embedding(PRETRAINED.model_copy(update={"verb": "import"}), MEAN, 16))
    assert open_weights_of(run).description.embedding == MEAN
    assert capsys.readouterr().err == ""
    other = open_weights_of(run, EmbeddingOptions(pooling="cls")).description
    assert other.embedding == EmbeddingDescription(pooling="cls", normalize=True)
    assert other.task.sequence_length == 16


def test_texts_are_as_long_as_those_of_the_task_or_as_is_usual():
    task = GlueTask(source="glue", name="sst2", sequence_length=48)
    tuned = PRETRAINED.model_copy(update={"task": task, "output_names": ["no", "yes"]})
    assert describe_embedding(tuned, MEAN).task.sequence_length == 48
    assert describe_embedding(tuned, MEAN).output_names is None
    assert describe_embedding(PRETRAINED, MEAN).task.sequence_length == 128
    short = PRETRAINED.model_copy(update={"size": SIZES["bert_base"].model_copy(update={"max_length": 64})})
    assert describe_embedding(short, MEAN).task.sequence_length == 64


def test_a_normalization_of_nothing_is_refused():
    error = refusal(open_weights_of, save(PRETRAINED), EmbeddingOptions(normalize=True))
    assert "Received: embedding.normalize true for runs/one, which makes none" in error.message
    assert "--pooling mean" in error.hint


def test_an_artifact_takes_no_pooling():
    refuse_embedding(Path("a.tflite"), AS_IMPORTED)
    error = refusal(refuse_embedding, Path("a.tflite"), EmbeddingOptions(pooling="cls", normalize=False))
    assert "Received: embedding.pooling cls, embedding.normalize false for a.tflite" in error.message


def test_vectors_are_scored_on_pairs():
    pairs = Examples(["a"], ["b"], np.ones(1, np.float32))
    require_pairs(TaskData("t", ["value"], {"validation": pairs}), "runs/one")
    single = TaskData("t", ["value"], {"validation": replace(pairs, second_texts=None)})
    assert "Received: single texts in t for runs/one" in refusal(require_pairs, single, "runs/one").message


@pytest.mark.parametrize(
    ("pooling", "normalize", "found"),
    [(None, None, MEAN), ("cls", None, EmbeddingDescription(pooling="cls", normalize=True)),
     (None, False, EmbeddingDescription(pooling="mean", normalize=False))],
)  # fmt: skip
def test_flags_take_the_place_of_what_the_files_say(pooling, normalize, found):
    Path("1_Pooling").mkdir()
    Path("1_Pooling/config.json").write_text(json.dumps({"pooling_mode": "mean"}))
    modules = [{"type": "Transformer", "path": ""}, {"type": "Pooling", "path": "1_Pooling"},
               {"type": "Normalize", "path": ""}]  # fmt: skip
    Path("modules.json").write_text(json.dumps(modules))
    assert find_sentence_model(Path(), pooling, normalize).embedding == found


def test_flags_are_enough_where_there_are_no_such_files():
    assert find_sentence_model(Path("a"), None, None) is None
    assert find_sentence_model(Path("a"), "mean", True) == SentenceModel(Path("a"), MEAN)
    plain = EmbeddingDescription(pooling="cls", normalize=False)
    assert find_sentence_model(Path("a"), "cls", None).embedding == plain
    error = refusal(find_sentence_model, Path("a"), None, True)
    assert "Received: --normalize for a, which has no modules.json" in error.message
    assert refusal(find_sentence_model, Path("a"), "max", None).message == (
        "--pooling must be mean or cls. Received: max"
    )


@dataclass
class Read:
    """What `require_encoder` looks at of an imported checkpoint."""

    task_head: str | None
    path: Path = Path("theirs")


def test_an_encoder_has_no_head_of_a_task_and_one_way_with_upper_case(capsys):
    sentences = SentenceModel(Path("a"), MEAN, lowercases=True, prompt="query: ")
    require_encoder(Read(None), Vocabulary(tuple(RESERVED), lowercase=True), sentences)
    assert "'query: ' before each text; here nothing is put there" in capsys.readouterr().err
    error = refusal(require_encoder, Read(None), Vocabulary(tuple(RESERVED), lowercase=False), sentences)
    assert "Received: do_lower_case in a/sentence_bert_config.json" in error.message
    error = refusal(require_encoder, Read("classifier"), VOCABULARY, sentences)
    assert "Received: theirs with the head classifier" in error.message
