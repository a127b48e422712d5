"""Labels of a task and of a model are matched by name, or an error says what works."""

import numpy as np
import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples.glue import GLUE
from mbert_cli.examples.texts import Examples, TaskData
from mbert_cli.examples.tokens import TokenExamples
from mbert_cli.model.options import SIZES
from mbert_cli.tasks.label_order import TEACHING, match_outputs
from mbert_cli.weights.description import EmbeddingDescription, ModelDescription, VocabularyDescription

MNLI = ["entailment", "neutral", "contradiction"]


def describe(labels: list[str], kind: str = "classification", verb: str = "import") -> ModelDescription:
    vocabulary = VocabularyDescription(size=9, lowercase=True, digest="")
    return ModelDescription(
        verb=verb, size=SIZES["bert_base"], vocabulary=vocabulary, output_names=labels, kind=kind
    )


def columns(task: TaskData, model: ModelDescription) -> tuple[int, ...]:
    return match_outputs(task, model, "runs/theirs")


def refusal(task: TaskData, model: ModelDescription) -> UserError:
    with pytest.raises(UserError) as caught:
        columns(task, model)
    return caught.value


VECTORS = describe([], "embedding").model_copy(
    update={"output_names": None, "embedding": EmbeddingDescription(pooling="mean")}
)


def pairs(kind: str = "regression", *, single: bool = False) -> TaskData:
    examples = Examples(["a"], None if single else ["b"], np.ones(1, np.float32))
    return TaskData("pairs", ["value"], {"validation": examples}, kind=kind)


def test_vectors_are_scored_on_pairs_with_a_number():
    assert columns(pairs(), VECTORS) == ()
    assert "Received: single texts in pairs" in refusal(pairs(single=True), VECTORS).message
    error = refusal(pairs("classification"), VECTORS)
    assert error.message.endswith(
        "Received: pairs, which is classification, for runs/theirs, whose texts become vectors"
    )
    assert error.hint.startswith("Name a task of its kind: --set task.source=glue --set task.name=stsb")


def test_vectors_teach_no_task():
    with pytest.raises(UserError) as caught:
        match_outputs(pairs(), VECTORS, "runs/theirs", TEACHING)
    assert caught.value.message.startswith("A teacher teaches a task of its own kind.")


@pytest.mark.parametrize("verb", ["import", "finetune"])
@pytest.mark.parametrize(
    "known", [["contradiction", "entailment", "neutral"], ["CONTRADICTION", "ENTAILMENT", "NEUTRAL"]]
)
def test_labels_in_another_order_or_case_are_matched_by_name_and_said(verb, known, capsys):
    assert columns(TaskData("mnli", MNLI, {}), describe(known, verb=verb)) == (1, 2, 0)
    assert capsys.readouterr().err == (
        f"Labels are matched by name: runs/theirs has them in the order {', '.join(known)}\n"
    )


@pytest.mark.parametrize("name", [name for name, row in GLUE.items() if row.kind == "classification"])
@pytest.mark.parametrize("write", [str, str.upper, lambda label: label.replace("_", " "),
                                   lambda label: label.replace("_", "-").title()])  # fmt: skip
def test_every_task_of_glue_finds_its_labels_turned_around(name, write):
    labels = list(GLUE[name].output_names)
    found = columns(TaskData(name, labels, {}), describe([write(label) for label in reversed(labels)]))
    assert found == tuple(reversed(range(len(labels))))


def test_labels_that_differ_in_case_alone_are_labels_of_their_own():
    task = TaskData("t.tsv", ["it", "IT", "other"], {})
    assert columns(task, describe(["IT", "it", "other"])) == (1, 0, 2)
    assert "which knows It, iT, other" in refusal(task, describe(["It", "iT", "other"])).message


@pytest.mark.parametrize(
    ("known", "verb", "expected"),
    [
        (["LABEL_0", "LABEL_1", "LABEL_2"], "import", (0, 1, 2)),
        (["0", "1", "2"], "import", (0, 1, 2)),
        (["2", "0", "1"], "finetune", (1, 2, 0)),
    ],
)
def test_numbers_stand_for_the_labels_of_glue_in_its_order(known, verb, expected, capsys):
    assert columns(TaskData("mnli", MNLI, {}), describe(known, verb=verb)) == expected
    assert capsys.readouterr().err.startswith(
        "The model does not name its labels; they are taken for entailment, neutral, contradiction in this order\n"
    )


def test_tags_of_words_are_matched_by_name():
    task = TaskData("t.conll", ["O", "B-LOC", "I-LOC"], {}, kind="token_classification")
    assert columns(task, describe(["B-loc", "I-loc", "O"], "token_classification")) == (2, 0, 1)


def test_a_number_is_a_number_whatever_it_is_called(capsys):
    task = TaskData("stsb", ["score"], {}, kind="regression")
    assert columns(task, describe(["similarity"], "regression")) == (0,)
    assert capsys.readouterr().err == "similarity of runs/theirs is taken for score of stsb\n"
    error = refusal(task, describe(["a", "b"], "regression"))
    assert error.message == (
        "A model is scored on a task with as many numbers as it gives. Received: score in stsb for runs/theirs, "
        "which gives a, b"
    )


def test_other_labels_are_refused_with_a_hint_that_fits_the_task():
    model = describe(["good", "bad", "so-so"])
    error = refusal(TaskData("mnli", MNLI, {}), model)
    assert error.message == (
        "A task model is scored on a task with its own labels. Received: entailment, neutral, contradiction in mnli "
        "for runs/theirs, which knows good, bad, so-so"
    )
    assert error.hint == "Score a model of these labels; `mbert finetune mnli` makes one."
    assert refusal(TaskData("mail.tsv", ["x", "y"], {}), model).hint == (
        "Score a model of these labels, or write the labels of the task's files as this model knows them."
    )


def test_a_teacher_of_other_labels_is_refused_in_words_of_its_own():
    task, model = TaskData("mnli", MNLI, {}), describe(["good", "bad", "so-so"])
    with pytest.raises(UserError) as caught:
        match_outputs(task, model, "runs/theirs", TEACHING)
    assert caught.value.message == (
        "A teacher teaches a task with its own labels. Received: entailment, neutral, contradiction in mnli for "
        "runs/theirs, which knows good, bad, so-so"
    )
    assert (
        caught.value.hint == "Name as the teacher a model of these labels; `mbert finetune mnli` makes one."
    )
    with pytest.raises(UserError) as caught:
        match_outputs(task, describe(["a", "b"], "multi_label"), "runs/theirs", TEACHING)
    assert caught.value.message == (
        "A teacher teaches a task of its own kind. Received: mnli, which is classification, for runs/theirs, which "
        "was fine-tuned for multi label"
    )


def test_a_task_that_lacks_labels_of_the_model_is_told_how_to_name_all():
    few = TaskData("mail.tsv", ["so-so", "good"], {})
    assert refusal(few, describe(["Good", "Bad one", "So-So"])).hint == (
        """Name all labels of the model: --set 'task.labels=["good", "Bad one", "so-so"]'"""
    )
    people = TaskData("t.conll", ["O", "B-PER", "I-PER"], {}, kind="token_classification")
    places = describe(["B-LOC", "O", "I-PER", "B-PER", "I-LOC"], "token_classification")
    assert refusal(people, places).hint == (
        """Name all labels of the model: --set 'task.labels=["LOC", "PER"]'"""
    )
    tags = TaskData("t.conll", ["NOUN"], {}, kind="token_classification")
    assert refusal(tags, describe(["VERB", "NOUN"], "token_classification")).hint == (
        """Name all labels of the model: --set 'task.labels=["VERB", "NOUN"]'"""
    )
    words = TokenExamples(["a"], [[]], None, are_tags=True)
    marked = TaskData("t.conll", ["B-PER", "O"], {"train": words}, kind="token_classification")
    assert refusal(marked, describe(["O", "B-PER", "I-PER"], "token_classification")).hint == (
        """Name all labels of the model: --set 'task.labels=["O", "B-PER", "I-PER"]'"""
    )


@pytest.mark.parametrize(
    ("kind", "labels", "verb", "hint"),
    [
        (
            "multi_label", ["LABEL_0"], "import",
            'Put "problem_type": "regression" into its config.json and import it again.',
        ),
        (
            "multi_label", ["a", "b"], "import",
            "Name a task of its kind: --set task.source=file --set task.kind=multi_label --set task.train=FILE.",
        ),
        (
            "classification", ["a", "b"], "import",
            "Name a task of its kind: --set task.source=file --set task.kind=classification --set task.train=FILE.",
        ),
        (
            "classification", ["a", "b"], "finetune",
            "Score another run, or leave the settings of task out: the run knows its own.",
        ),
    ],
)  # fmt: skip
def test_another_kind_is_refused_with_a_hint_that_fits_the_model(kind, labels, verb, hint):
    error = refusal(TaskData("stsb", ["score"], {}, kind="regression"), describe(labels, kind, verb))
    assert error.message == (
        "A task model is scored on a task of its own kind. Received: stsb, which is regression, for runs/theirs, "
        f"which was fine-tuned for {kind.replace('_', ' ')}"
    )
    assert error.hint == hint


def test_outputs_are_given_in_the_order_of_the_task():
    from pathlib import Path

    from mbert_cli.tasks.model import TaskModel
    from mbert_cli.text.vocabulary import LEADING_TOKENS, Vocabulary

    outputs = np.array([[0.7, 0.2, 0.1]])
    model = TaskModel(
        Path("runs/theirs"), describe(["contradiction", "entailment", "neutral"]), Vocabulary(LEADING_TOKENS), 8,
        lambda batches: outputs,
    )  # fmt: skip
    answering = model.answering(TaskData("mnli", MNLI, {}))
    assert answering.description.output_names == MNLI
    assert answering.answer_batches([]).tolist() == [[0.2, 0.1, 0.7]]
    assert answering.arrange(outputs).tolist() == [[0.2, 0.1, 0.7]]
    assert model.answer_batches([]).tolist() == outputs.tolist()
