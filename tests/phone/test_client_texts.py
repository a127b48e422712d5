"""What a client makes of the texts that artifacts are verified on."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from mbert_cli.examples.options import FileTask, ImportedTask
from mbert_cli.model.options import SIZES
from mbert_cli.model.task_head import TaskHead
from mbert_cli.phone.client_texts import ClientTexts, read_as_client
from mbert_cli.phone.reference import Reference
from mbert_cli.tasks.model import TaskModel
from mbert_cli.text.vocabulary import RESERVED, Vocabulary
from mbert_cli.tflite.clients import TEXT_CLASSIFIER, TEXT_EMBEDDER
from mbert_cli.weights.description import EmbeddingDescription, ModelDescription
from mbert_cli.weights.saved_files import describe_vocabulary

VOCABULARY = Vocabulary((*RESERVED, "a", "e"))


def answer(batch: dict[str, np.ndarray]) -> np.ndarray:
    """Texts of an even number of tokens have the second label."""
    batch = batch["padding_mask"][batch["example_weights"] > 0]
    is_even = batch.sum(axis=1) % 2 == 0
    return np.stack([~is_even, is_even], axis=1).astype(np.float32)


@pytest.fixture
def reference_on(tmp_path) -> Callable[..., Reference]:
    """A run whose answers are right for BERT's tokens."""

    def make(texts: Sequence[str], labels: Sequence[str], client: str | None = None) -> Reference:
        table = tmp_path / "texts.tsv"
        rows = [f"{text}\t{label}" for text, label in zip(texts, labels, strict=True)]
        table.write_text("\n".join(["text\tlabel", *rows]) + "\n", encoding="utf-8")
        task = FileTask(
            source="file", train=str(table), validation=str(table), sequence_length=8, labels=["odd", "even"]
        )
        description = ModelDescription(
            verb="finetune", size=SIZES["mobilebert_tiny"], vocabulary=describe_vocabulary(VOCABULARY),
            output_names=["odd", "even"], task=task,
        )  # fmt: skip
        model = TaskModel(
            tmp_path, description, VOCABULARY, 8, lambda batches: np.concatenate([*map(answer, batches)]),
            client=client,
        )  # fmt: skip
        return Reference(model, task, max_examples=400)

    return make


def test_texts_with_a_wide_blank_or_an_accent_are_counted_with_what_they_cost(reference_on):
    # Two tokens of BERT are one or three of the client; "É" is one of both, but another one.
    reference = reference_on(
        ["a a", "a\u00a0a", "É", "a", "a \u3000 a"], ["even", "even", "odd", "odd", "even"]
    )
    texts = read_as_client(reference, TEXT_CLASSIFIER)
    assert texts == ClientTexts("MediaPipe's TextClassifier", "mediapipe", 5, 3, 2, 0.6, pytest.approx(0.4))
    assert texts.sentence("accuracy", is_tuned=False) == (
        "MediaPipe's TextClassifier cuts 3 of 5 texts otherwise than the run and answers 2 of them differently: "
        "60.00 % accuracy there, +40.00 points lost. `mbert finetune --client mediapipe` fine-tunes on texts that are "
        "cut so"
    )


def test_a_difference_behind_the_end_of_a_row_does_not_count(reference_on):
    texts = read_as_client(reference_on(["a a a a a a É", "a"], ["even", "odd"]), TEXT_CLASSIFIER)
    assert (texts.texts, texts.cut_otherwise, texts.metric_loss) == (2, 0, 0.0)


def test_a_run_that_was_fine_tuned_for_the_client_loses_nothing(reference_on):
    texts = read_as_client(reference_on(["a\u00a0a", "É"], ["odd", "odd"], "mediapipe"), TEXT_CLASSIFIER)
    assert (texts.cut_otherwise, texts.metric, texts.metric_loss) == (0, 1.0, 0.0)
    assert texts.sentence("accuracy", is_tuned=True) == (
        "MediaPipe's TextClassifier cuts 0 of 2 texts otherwise than the run, which was fine-tuned for it"
    )


def test_windows_of_longer_texts_are_not_compared(reference_on):
    reference = reference_on(["a", "a a"], ["odd", "even"])
    reference.head = TaskHead("answer_span", False, "linear", ("start_logits", "end_logits"))
    assert read_as_client(reference, TEXT_CLASSIFIER) is None


def test_both_texts_of_a_pair_are_read_where_each_becomes_a_vector(tmp_path):
    table = tmp_path / "pairs.tsv"
    rows = ["text\tother\tlabel", "a\te\t0", "e\tÉ\t1", "a a\ta\t2"]
    table.write_text("\n".join(rows) + "\n", encoding="utf-8")
    task = FileTask(
        source="file", kind="regression", train=str(table), validation=str(table), second_text="other"
    )
    description = ModelDescription(
        verb="import", size=SIZES["mobilebert_tiny"], vocabulary=describe_vocabulary(VOCABULARY), kind="embedding",
        embedding=EmbeddingDescription(pooling="mean"), task=ImportedTask(source="imported", sequence_length=8),
    )  # fmt: skip

    def embed(batch: dict[str, np.ndarray]) -> np.ndarray:
        """Another direction for each token; "É" is "e" for BERT and unknown for the client."""
        one_hot = np.eye(VOCABULARY.size, dtype=np.float32)[batch["token_ids"]]
        return (one_hot * batch["padding_mask"][..., None]).sum(axis=1)[batch["example_weights"] > 0]

    model = TaskModel(
        tmp_path, description, VOCABULARY, 8, lambda batches: np.concatenate([*map(embed, batches)])
    )
    reference = Reference(model, task, max_examples=400)
    places, outputs = reference.cut_as("mediapipe")
    assert places.tolist() == [4]
    assert np.flatnonzero((outputs != reference.outputs).any(axis=1)).tolist() == [4]
    texts = read_as_client(reference, TEXT_EMBEDDER)
    assert (texts.texts, texts.cut_otherwise, texts.answers_that_differ) == (6, 1, 1)
    assert texts.sentence("spearman", is_tuned=False, can_be_tuned=False).endswith("points lost")
