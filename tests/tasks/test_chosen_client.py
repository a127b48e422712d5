"""The way of cutting texts: the model's own, unless the command says another."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples.options import FileTask, GlueTask, ImportedTask, SquadTask
from mbert_cli.examples.squad import Question, collect_squad
from mbert_cli.examples.texts import Examples, TaskData
from mbert_cli.model.options import SIZES
from mbert_cli.recipe.loading import LoadedRecipe
from mbert_cli.recipe.schema import PredictRecipe
from mbert_cli.tasks.chosen_client import say_other_cutting, with_chosen_client
from mbert_cli.tasks.model import TaskModel
from mbert_cli.text.vocabulary import RESERVED, Vocabulary
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.saved_files import describe_vocabulary
from mbert_cli.weights.saved_model import SavedModel

VOCABULARY = Vocabulary((*RESERVED, "cafe", "café"))


class Command:
    """As much of an invocation as is read."""

    def __init__(self, client: str | None, origin: str) -> None:
        recipe = PredictRecipe(task=ImportedTask(source="imported", client=client))
        self.loaded = LoadedRecipe("predict", "quickstart", recipe, {"task.client": origin})
        self.recipe = recipe


def model_of(client: str | None) -> TaskModel:
    description = ModelDescription(
        verb="finetune", size=SIZES["mobilebert_tiny"], vocabulary=describe_vocabulary(VOCABULARY),
        output_names=["a", "b"], task=ImportedTask(source="imported", client=client, sequence_length=8),
    )  # fmt: skip
    return TaskModel(
        Path("model"), description, VOCABULARY, 8, lambda batches: np.zeros((0, 2)), client=client
    )


@pytest.mark.parametrize(
    ("own", "asked", "origin", "expected"),
    [
        ("mediapipe", None, "the run", "mediapipe"),
        ("mediapipe", None, "default", "mediapipe"),
        ("mediapipe", None, "--set", None),
        (None, "mediapipe", "--client", "mediapipe"),
        (None, "mediapipe", "task.yaml:3", "mediapipe"),
    ],
)
def test_the_model_is_read_in_its_own_way_unless_the_command_says_another(own, asked, origin, expected):
    model = with_chosen_client(model_of(own), Command(asked, origin))
    assert model.client == expected


def test_an_artifact_that_cuts_texts_itself_takes_no_other_way():
    model = replace(model_of(None), keeps_texts=True)
    with pytest.raises(UserError, match=r"Received: task\.client mediapipe for model"):
        with_chosen_client(model, Command("mediapipe", "--client"))
    assert with_chosen_client(model, Command(None, "--set")).client is None


@pytest.mark.parametrize(("client", "token"), [(None, "cafe"), ("mediapipe", "café")])
def test_rows_are_cut_in_that_way(client, token):
    model = model_of(client)
    examples = Examples(["café"], None, np.zeros(1, np.int32))
    encoded = model.encode(TaskData("texts", ["a", "b"], {}), examples, model.own_task)
    ids = encoded.rows.take(np.array([0]), 4)["token_ids"][0]
    assert [VOCABULARY.tokens[index] for index in ids] == ["[CLS]", token, "[SEP]", "[PAD]"]


def test_pairs_are_refused():
    model = model_of("mediapipe")
    examples = Examples(["café"], ["cafe"], np.zeros(1, np.int32))
    with pytest.raises(UserError) as caught:
        model.encode(TaskData("pairs", ["a", "b"], {}), examples, model.own_task)
    assert caught.value.message == (
        "The client mediapipe reads single texts. Received: pairs for model with task.client mediapipe"
    )
    assert caught.value.hint == "Add --set task.client=null, which cuts texts as BERT does."


@pytest.mark.parametrize(
    ("own", "now", "said"),
    [
        (None, None, ""),
        ("mediapipe", "mediapipe", ""),
        (None, "mediapipe", "was fine-tuned on texts cut as by BERT; here they are cut as by mediapipe"),
        ("mediapipe", None, "was fine-tuned on texts cut as by mediapipe; here they are cut as by BERT"),
    ],
)
def test_a_model_that_knows_texts_cut_otherwise_is_warned_of(capsys, own, now, said):
    saved = SavedModel(Path("teacher"), Path("teacher"), model_of(own).description)
    say_other_cutting(saved, ImportedTask(source="imported", client=now))
    assert " ".join(capsys.readouterr().err.split()) == (said and f"Warning: teacher {said}")


@pytest.mark.parametrize(("client", "token"), [(None, "cafe"), ("mediapipe", "café")])
def test_questions_and_their_texts_are_cut_as_the_task_library_cuts_them(client, token):
    model = model_of(client)
    description = model.description.model_copy(update={"kind": "question_answering"})
    squad = collect_squad("asked", [Question("1", "café?", "a café", ())])
    task = SquadTask(source="squad", sequence_length=12, question_length=3)
    encoded = replace(model, description=description, sequence_length=12).encode(
        TaskData("asked", ["start", "end"], {}, kind="question_answering"), squad, task
    )
    ids = encoded.rows.take(np.array([0]), 8)["token_ids"][0]
    tokens = [VOCABULARY.tokens[index] for index in ids]
    assert tokens == ["[CLS]", token, "[UNK]", "[SEP]", "[UNK]", token, "[SEP]", "[PAD]"]


@pytest.mark.parametrize(
    "section",
    [
        {"source": "glue", "name": "mrpc"},
        {"source": "file", "train": "pairs.tsv", "second_text": "other"},
    ],
)
def test_a_task_of_pairs_takes_no_client(section):
    task = GlueTask if section["source"] == "glue" else FileTask
    with pytest.raises(ValueError, match="client reads single texts, and examples of this task are pairs"):
        task(**section, client="mediapipe")
    assert task(**section).client is None
