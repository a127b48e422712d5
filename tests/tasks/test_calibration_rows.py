"""Rows that ranges are measured on: training examples, spread evenly, as long as the artifact."""

from pathlib import Path

import numpy as np
import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples.options import InstalledDocsTask
from mbert_cli.examples.texts import Examples, TaskData
from mbert_cli.model.options import SIZES
from mbert_cli.tasks.calibration_rows import calibration_rows
from mbert_cli.tasks.model import TaskModel
from mbert_cli.text.vocabulary import LEADING_TOKENS, Vocabulary
from mbert_cli.weights.description import ModelDescription, VocabularyDescription

VOCABULARY = Vocabulary((*LEADING_TOKENS, *(f"w{number}" for number in range(10))))
OPTIONS = InstalledDocsTask(source="installed_docs")


@pytest.fixture
def model() -> TaskModel:
    description = ModelDescription(
        verb="finetune",
        size=SIZES["mobilebert_laptop"],
        vocabulary=VocabularyDescription(size=VOCABULARY.size, lowercase=True, digest=VOCABULARY.digest),
        output_names=["a", "b"],
        task=OPTIONS,
    )
    return TaskModel(Path("runs/x"), description, VOCABULARY, 6, lambda batches: np.zeros((0, 2)))


def task(count: int) -> TaskData:
    texts = [f"w{number}" for number in range(count)]
    examples = Examples(texts, None, np.zeros(count, np.int32))
    return TaskData("toy", ["a", "b"], {"train": examples})


def words(rows) -> list[str]:
    return [VOCABULARY.tokens[ids[1]] for ids in rows["token_ids"]]


def test_rows_are_as_long_as_the_artifact_and_in_order(model):
    rows = calibration_rows(model, OPTIONS, 200, task(5))
    assert {name: values.shape for name, values in rows.items()} == dict.fromkeys(
        ["token_ids", "segment_ids", "padding_mask"], (5, 6)
    )
    assert words(rows) == ["w0", "w1", "w2", "w3", "w4"]
    assert rows["padding_mask"].sum() == 5 * 3


def test_many_examples_are_thinned_evenly(model):
    assert words(calibration_rows(model, OPTIONS, 5, task(10))) == ["w0", "w2", "w4", "w6", "w8"]


def test_a_task_without_a_training_example_is_refused(model):
    with pytest.raises(UserError) as caught:
        calibration_rows(model, OPTIONS, 200, task(0))
    assert (
        caught.value.message == "Ranges of activations are measured on training rows. Received: none in toy"
    )
    assert caught.value.hint == "Add some, or choose --quantize dynamic_int8, which needs none."
