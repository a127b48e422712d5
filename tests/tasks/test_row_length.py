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
        "Received: task.sequence_length 513"
    )


class FakeArtifact:
    """What is known of the lengths of a .tflite file."""

    def __init__(self, *lengths: int) -> None:
        self.lengths, self.sequence_length, self.reads_text = lengths, lengths[-1], False

    def at(self, length: int) -> "FakeArtifact":
        return FakeArtifact(length)


def artifact(*lengths: int) -> TaskModel:
    return model("runs/theirs/export/float32/model.tflite").with_artifact(FakeArtifact(*lengths))


def test_an_artifact_of_several_lengths_reads_the_one_that_is_chosen():
    assert with_chosen_length(artifact(64, 128), invoke()).artifact.lengths == (64, 128)
    chosen = with_chosen_length(artifact(64, 128), invoke("task.sequence_length=64", task=OWN))
    assert (chosen.artifact.lengths, chosen.sequence_length) == ((64,), 64)


@pytest.mark.parametrize(
    ("lengths", "known", "otherwise"),
    [
        ((128,), "128", "Leave task.sequence_length out"),
        ((32, 128), "32 or 128", "Set task.sequence_length to one of these"),
    ],
)
def test_an_artifact_has_its_lengths(lengths, known, otherwise):
    with pytest.raises(UserError) as caught:
        with_chosen_length(artifact(*lengths), invoke("task.sequence_length=64", task=OWN))
    assert caught.value.message == (
        f"An artifact reads the {known} tokens that it was exported with. "
        "Received: task.sequence_length 64 for runs/theirs/export/float32/model.tflite"
    )
    assert caught.value.hint == (
        f"{otherwise}, or export one of this length: `mbert export-tflite RUN --length 64`."
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
