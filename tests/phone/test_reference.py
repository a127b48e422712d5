"""An artifact of several lengths is compared with the Keras run at each of them."""

from collections.abc import Callable

import numpy as np
import pytest

from mbert_cli.examples.options import FileTask
from mbert_cli.model.options import SIZES
from mbert_cli.phone.reference import Reference
from mbert_cli.tasks.model import TaskModel
from mbert_cli.text.vocabulary import RESERVED, Vocabulary
from mbert_cli.tflite.interpreter import ARTIFACT_INPUTS, Artifact, Signature
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.saved_files import describe_vocabulary

VOCABULARY = Vocabulary((*RESERVED, "a"))


class Counting(Artifact):
    """Says of each row how likely its label is, and remembers with which length it was run."""

    def __init__(self, *lengths: int) -> None:
        self.signatures = [Signature("", length, ARTIFACT_INPUTS, dict, (), ()) for length in lengths]

    def predict(self, batch, lengths=None):
        self.run_with = lengths
        return answer(batch)


def answer(batch: dict[str, np.ndarray]) -> np.ndarray:
    """Texts of an even number of tokens have the second label."""
    is_even = batch["padding_mask"].sum(axis=1) % 2 == 0
    return np.stack([~is_even, is_even], axis=1).astype(np.float32)


@pytest.fixture
def reference_on(tmp_path) -> Callable[[list[int]], Reference]:
    """The run on texts of so many tokens, [CLS] and [SEP] among them."""

    def make(counts: list[int]) -> Reference:
        table = tmp_path / "texts.tsv"
        rows = [f"{'a ' * (count - 2)}\t{('odd', 'even')[count % 2 == 0]}" for count in counts]
        table.write_text("\n".join(["text\tlabel", *rows]) + "\n")
        task = FileTask(
            source="file", train=str(table), validation=str(table), sequence_length=16, labels=["odd", "even"]
        )
        description = ModelDescription(
            verb="finetune", size=SIZES["mobilebert_tiny"], vocabulary=describe_vocabulary(VOCABULARY),
            output_names=["odd", "even"], task=task,
        )  # fmt: skip
        model = TaskModel(
            tmp_path, description, VOCABULARY, 16, lambda batches: np.concatenate([*map(answer, batches)])
        )
        return Reference(model, task, max_examples=400)

    return make


def test_each_example_is_run_with_the_shortest_length_that_holds_it(reference_on):
    reference, artifact = reference_on([3, 6, 8, 15, 16]), Counting(6, 9, 16)
    report = reference.compare(artifact)
    assert artifact.run_with.tolist() == [6, 9, 9, 16, 16]
    assert (report.examples, report.metric_artifact, report.max_difference) == (5, 1.0, 0.0)
    assert reference.examples_by_length(artifact) == {6: 1, 9: 2, 16: 2}


def test_a_length_that_no_example_needs_is_compared_on_some_that_fit(reference_on):
    reference, artifact = reference_on([3, 4] * 16), Counting(6, 9, 16)
    reference.compare(artifact)
    assert reference.examples_by_length(artifact) == {6: 24, 9: 4, 16: 4}
    assert artifact.run_with[:4].tolist() == [6, 9, 16, 6]


def test_a_length_too_short_for_every_example_is_compared_on_none(reference_on):
    assert reference_on([12, 13]).examples_by_length(Counting(6, 16)) == {6: 0, 16: 2}


def test_texts_that_lose_their_end_at_the_length_are_told(reference_on):
    assert reference_on([3, 16]).cut is None
    assert reference_on([3, 17, 20]).cut == "2 of 3 examples are longer than 16 tokens and lose their end"
