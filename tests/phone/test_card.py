"""The card of an artifact says what was measured, and what it reads and answers."""

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mbert_cli.phone.card import Card, python_snippet
from mbert_cli.tasks.model import open_task_model
from mbert_cli.tasks.phone_client import ClientFit, fitting_client
from mbert_cli.tflite.clients import TEXT_CLASSIFIER
from mbert_cli.tflite.interpreter import Steps
from mbert_cli.tflite.latency_reports import Latency
from tests.phone.described import LABELS, LENGTH, VOCABULARY, describe

REPORT: dict[str, Any] = {
    "mode": "dynamic_int8", "sequence_length": LENGTH, "size_bytes": 1_234_567, "metric": "accuracy",
    "parity": {"metric_keras": 0.9, "metric_artifact": 0.875, "examples": 40, "disagreement_rate": 0.05},
    "set": "ba4be46daa1d8ac2", "examples": 40,
    "client": {
        "client": TEXT_CLASSIFIER.name, "cutting": "mediapipe", "texts": 40, "cut_otherwise": 3,
        "answers_that_differ": 1, "metric": 0.88, "metric_loss": 0.02,
    },
}  # fmt: skip


def card_of(export, kind: str, report: dict[str, Any] = REPORT, **changes: Any) -> str:
    """The card of a model with random weights, on one line where it is broken into several."""
    model = open_task_model(export(describe(kind)))
    fit = fitting_client(kind, model.own_task, [LENGTH])
    return str(Card(model, Path("runs/mail"), report, changes.pop("client", fit), **changes))


def test_a_card_says_what_was_measured(export):
    card = card_of(export, "classification", latency=Latency(1.5, 1_234_567, p90_ms=2.25))
    for row in (
        "| mode | dynamic_int8 |",
        "| size | 1.2 MB |",
        f"| length | {LENGTH} tokens, [CLS] and [SEP] among them |",
        "| accuracy of the run | 90.00% |",
        "| accuracy of this file | 87.50%, on 40 validation examples (set ba4be46d) |",
        "| answers that differ from the run's | 5.00% |",
        "| latency | p50 1.50 ms, p90 2.25 ms; The machine was not recorded. |",
    ):
        assert f"\n{row}\n" in card
    assert "exported from the run `mail`" in card
    assert "`mbert bench`" in card_of(export, "classification")


def test_labels_are_shown_as_they_are_whatever_markdown_makes_of_their_characters(export):
    names = ["__label__sea", "<!-- none", "a|b\n# c"]
    model = open_task_model(export(describe("classification", names=names)))
    fit = fitting_client("classification", model.own_task)
    card = str(Card(model, Path("runs/mail"), REPORT | {"client": None}, fit))
    assert r"answers with 3 labels: \_\_label\_\_sea, \<!-- none, a\|b # c." in card
    assert re.search(r"answers “(\\_\\_label\\_\\_sea|\\<!-- none|a\\\|b # c)”", card)
    assert "<!--" not in card.replace(r"\<!--", "")


def test_a_card_says_what_is_cut_at_its_length(export):
    card = card_of(
        export,
        "classification",
        REPORT | {"cut": "4 of 40 texts are longer than 8 tokens and lose their end"},
    )
    assert "\n| validation examples | 4 of 40 texts are longer than 8 tokens and lose their end |\n" in card
    assert "\n| accuracy of the run at this length | 90.00% |\n" in card


def test_a_card_says_nothing_of_a_score_where_nobody_knows_the_truth(export):
    card = card_of(export, "classification", REPORT | {"metric": "agreement"})
    assert "of the run |" not in card
    assert "| answers that differ from the run's | 5.00% |" in card


def test_a_card_says_what_the_client_cuts_otherwise(export):
    assert (
        "MediaPipe's TextClassifier loads the file as it is. It cuts 3 of 40 texts otherwise than the run and answers 1 "
        "of them differently: 88.00 % accuracy there, +2.00 points lost."
    ) in card_of(export, "classification")
    reason = ClientFit(reason="it reads one text, and this model two")
    card = card_of(export, "classification", client=reason)
    assert "No client on a phone loads the file as it is: it reads one text, and this model two." in card
    assert "```kotlin" not in card


def test_a_number_whose_column_is_called_label_is_no_label(export):
    model = open_task_model(export(describe("regression", names=["label"])))
    card = str(
        Card(
            model, Path("runs/mail"), REPORT | {"client": None}, fitting_client("regression", model.own_task)
        )
    )
    assert re.search(r"`mbert predict` answers -?\d+\.\d{4}\.", card)


def test_a_card_says_what_integers_stand_for_and_its_script_turns_them_into_numbers(export):
    model = open_task_model(export(describe("classification")))
    signature = replace(model.artifact.signatures[-1], steps=(Steps(0.0078125, -3),))
    integers = replace(model, artifact=SimpleNamespace(lengths=(LENGTH,), signatures=[signature]))
    report = REPORT | {"mode": "int8_full", "client": None}
    card = str(Card(integers, Path("runs/mail"), report, ClientFit(reason="it reads two texts")))
    assert "| `probabilities` | (1, 3) | int8, each for 0.0078125 * (integer - -3) | 0." in card
    assert "scale * (outputs[name].astype(np.float32) - zero)" in python_snippet(integers)
    assert "get_output_details" not in python_snippet(model)


@pytest.mark.slow
@pytest.mark.parametrize("kind", LABELS)
def test_a_card_has_the_values_of_an_example_and_a_script_for_every_kind(kind, export):
    model = open_task_model(export(describe(kind)))
    card = str(
        Card(model, Path("runs/mail"), REPORT | {"client": None}, fitting_client(kind, model.own_task))
    )
    assert f"| `ids` | (1, {LENGTH}) | int32 | {VOCABULARY.cls_id}, " in card
    shapes = {
        "classification": "| `probabilities` | (1, 3) | float32 | 0.",
        "multi_label": "| `probabilities` | (1, 3) | float32 | 0.",
        "regression": "| `value` | (1, 1) | float32 | ",
        "question_answering": f"| `start_logits` | (1, {LENGTH}) | float32 | ",
        "token_classification": f"| `probabilities` | (1, {LENGTH}, 5) | float32 | 0.",
        "embedding": "| `embedding` | (1, 128) | float32 | ",
    }
    assert shapes[kind] in card
    assert f"```python\n{python_snippet(model)}```\n" in card
    compile(python_snippet(model), "script.py", "exec")


def test_a_card_of_a_file_that_reads_text_has_no_ids(export):
    card = card_of(
        export, "classification", REPORT | {"tokenizer": "inside"}, client=ClientFit(reason="text goes in")
    )
    assert "The input `text` is a string" in card
    assert "`ids`" not in card
    assert "```python" not in card
