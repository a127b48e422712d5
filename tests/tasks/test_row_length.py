"""A command chooses how long the rows of a task model are, or is told why it cannot."""

from pathlib import Path

import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples.options import ImportedTask
from mbert_cli.model.options import SIZES
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.loading import load
from mbert_cli.tasks.model import TaskModel
from mbert_cli.tasks.row_length import chosen_length, refuse_batch_size, with_chosen_length
from mbert_cli.text.vocabulary import LEADING_TOKENS, Vocabulary
from mbert_cli.weights.description import ModelDescription, VocabularyDescription

OWN = ImportedTask(source="imported", sequence_length=128).model_dump()
OTHER = ["task.source=file", "task.train=x.csv"]


def invoke(*settings: str, task: dict | None = None, verb: str = "predict") -> Invocation:
    return Invocation(verb, load(verb, settings=settings, task=task), Path("runs"))


def model(path: str = "runs/theirs") -> TaskModel:
    description = ModelDescription(
        verb="import", size=SIZES["bert_base"], output_names=["a", "b"],
        vocabulary=VocabularyDescription(size=9, lowercase=True, digest=""),
    )  # fmt: skip
    return TaskModel(Path(path), description, Vocabulary(LEADING_TOKENS), 128, lambda batches: None)


@pytest.mark.parametrize("verb", ["predict", "eval", "export-tflite", "bench"])
@pytest.mark.parametrize(
    ("settings", "task", "expected"),
    [
        ((), None, None),
        (OTHER, None, None),
        ((), OWN, None),
        (("task.sequence_length=512",), OWN, 512),
        (("task.sequence_length=128",), OWN, 128),
        ((*OTHER, "task.sequence_length=64"), None, 64),
    ],
)
def test_a_length_is_chosen_where_it_is_set_and_not_where_it_is_a_default(verb, settings, task, expected):
    assert chosen_length(invoke(*settings, task=task, verb=verb)) == expected


def test_a_run_reads_the_length_that_is_chosen():
    assert with_chosen_length(model(), invoke()).sequence_length == 128
    chosen = invoke("task.sequence_length=512", task=OWN)
    assert with_chosen_length(model(), chosen).sequence_length == 512


def test_a_length_that_the_positions_cannot_hold_is_refused():
    with pytest.raises(UserError) as caught:
        with_chosen_length(model(), invoke("task.sequence_length=513", task=OWN))
    assert caught.value.message == (
        "A sequence can have at most 512 tokens, the rows of the model's position table. "
        "Received: sequence_length 513"
    )


def test_an_artifact_has_its_length():
    artifact = model("runs/theirs/export/float32/model.tflite")
    assert with_chosen_length(artifact, invoke("task.sequence_length=128", task=OWN)) is artifact
    with pytest.raises(UserError) as caught:
        with_chosen_length(artifact, invoke("task.sequence_length=64", task=OWN))
    assert caught.value.message == (
        "An artifact reads the 128 tokens that it was exported with. "
        "Received: task.sequence_length 64 for runs/theirs/export/float32/model.tflite"
    )
    assert caught.value.hint == (
        "Leave task.sequence_length out, or export one of this length: `mbert export-tflite RUN --length 64`."
    )


def test_a_batch_size_is_refused_where_artifacts_alone_would_take_it():
    artifact, run = Path("m.tflite"), Path("runs/r")
    refuse_batch_size(invoke(), "batch_size", [artifact])
    refuse_batch_size(invoke("batch_size=4"), "batch_size", [run, artifact])
    with pytest.raises(UserError) as caught:
        refuse_batch_size(invoke("batch_size=4"), "batch_size", [artifact])
    assert caught.value.message == (
        "An artifact takes one example at a time. Received: batch_size for m.tflite"
    )
    assert caught.value.hint == "Leave batch_size out."
