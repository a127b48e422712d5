"""Which models can have their tokenizer inside, and what the others are told."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples.options import FileTask, InstalledDocsTask, SquadTask
from mbert_cli.preflight.resolving import resolve
from mbert_cli.preflight.text_input import require_text_input
from mbert_cli.recipe.invocation import invoke
from mbert_cli.tasks.model import TaskModel
from mbert_cli.text.matched_tokens import MatchedToken
from mbert_cli.text.vocabulary import RESERVED, Vocabulary

DOCS = InstalledDocsTask(source="installed_docs")
PAIRS = FileTask(source="file", train="x.tsv", second_text="b")
RESERVED_ALONE = tuple(MatchedToken(place, token, is_word=True) for place, token in enumerate(RESERVED))
VOCABULARY = Vocabulary((*RESERVED, "sea"), matched=RESERVED_ALONE)


def model(task=DOCS, vocabulary=VOCABULARY, **changes) -> TaskModel:
    names = {"kind": "classification", "embedding": None} | changes
    description = SimpleNamespace(task=task, **names)
    return TaskModel(Path("run"), description, vocabulary, 64, lambda batches: None)


def test_what_it_asks_of_an_app_is_a_finding():
    assert require_text_input(model(), [64]) == (
        "inside: an app must bring FastBertNormalize and FastWordpieceTokenizeWithOffsets of tensorflow-text"
    )


@pytest.mark.parametrize(
    ("kind", "task", "what"),
    [
        ("question_answering", SquadTask(source="squad"), "question answering"),
        ("token_classification", DOCS, "token classification"),
        (
            "classification",
            PAIRS,
            "classification of pairs",
        ),
    ],
)
def test_a_model_of_other_than_single_texts_is_refused(kind, task, what):
    with pytest.raises(UserError, match=rf"Received: export\.tokenizer inside for {what}$") as caught:
        require_text_input(model(task, kind=kind), [64])
    assert caught.value.hint == ("Leave export.tokenizer out: the app cuts the text, as docs/phone.md shows.")


def test_vectors_of_texts_are_single_texts_whatever_they_are_scored_on():
    assert require_text_input(model(PAIRS, kind="embedding", embedding=object()), [64])


def test_a_model_that_cuts_as_a_client_is_refused():
    with pytest.raises(UserError, match=r"export\.tokenizer inside for task\.client mediapipe$"):
        require_text_input(replace(model(), client="mediapipe"), [64])


def test_accelerators_are_refused():
    with pytest.raises(UserError, match=r"export\.tokenizer inside for the gpu$"):
        require_text_input(model(), [64], "gpu")


def test_several_lengths_are_refused():
    with pytest.raises(UserError) as caught:
        require_text_input(model(), [32, 64])
    assert caught.value.message == (
        "With its tokenizer inside an artifact has one length: the shortest for a text is known once it is cut. "
        "Received: export.tokenizer inside for the lengths 32, 64"
    )
    assert caught.value.hint == "Name one, --length 64, or leave export.tokenizer out."


def test_added_tokens_are_refused_and_reserved_ones_are_not():
    added = (*RESERVED_ALONE, MatchedToken(5, "<user>"), MatchedToken(6, "[E1]", is_text=True))
    vocabulary = Vocabulary((*RESERVED, "<user>", "[E1]"), matched=added)
    with pytest.raises(UserError, match=r"inside for a vocabulary with '<user>'$"):
        require_text_input(model(vocabulary=vocabulary), [64])


def test_an_export_with_its_tokenizer_inside_is_for_no_client(make_run):
    make_run("finetune", "mobilebert_laptop", DOCS)
    ready = resolve(invoke("export-tflite", "quickstart", ["export.tokenizer=inside"], {}))
    assert (ready.reads_text, ready.model.keeps_texts, ready.client.client) == (True, True, None)
    with pytest.raises(UserError, match="has one length"):
        resolve(
            invoke(
                "export-tflite", "quickstart",
                ["export.tokenizer=inside", "export.sequence_length=[16, 32]"], {},
            )
        )  # fmt: skip
