"""What a kind of task is: one row of `KINDS`, from the head of the network to the page that a person reads.

A new kind is a row here, its judge, and a section of a recipe that names it. `model`, `evaluate` and `tflite` are told
a head or what belongs to one, and know no kinds. What takes long to import is imported by the functions of a row when
they are called.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mbert_cli.errors import UserError
from mbert_cli.evaluate.entities import chunk_labels, entity_types
from mbert_cli.evaluate.judges import Judge
from mbert_cli.evaluate.similarity_judge import FIGURES
from mbert_cli.examples.batches import Rows
from mbert_cli.examples.options import AnyTask, ImportedTask
from mbert_cli.examples.squad_task import SPAN_OUTPUTS
from mbert_cli.examples.texts import TaskData
from mbert_cli.examples.unlabelled import questions_about, unlabelled_texts, unlabelled_words
from mbert_cli.figures import counted, in_words
from mbert_cli.model.task_head import CLASSIFIER, TaskHead
from mbert_cli.tasks import encoding, scores, shown_answers
from mbert_cli.tasks.scores import Details
from mbert_cli.tasks.shown_answers import Answers
from mbert_cli.text.wordpiece import Tokenizer
from mbert_cli.tflite.clients import QUESTION_ANSWERER, TEXT_CLASSIFIER, TEXT_EMBEDDER, Client
from mbert_cli.weights.description import ModelDescription

OF_TEXTS = ("installed_docs", "glue", "file")
"""Sources of tasks whose examples are whole texts."""


@dataclass(frozen=True)
class Kind:
    """A kind of task.

    Attributes:
        head: The head of its network, the activation of its outputs, and their names in a .tflite file.
        loss: What fine-tuning minimises, a key of `mbert_cli.losses.tasks.TASK_LOSSES`; empty where no model is
            fine-tuned for it here.
        metrics: Names of the figures whose mean is the score, where a task names none of its own.
        rows: Task, examples, section of the recipe, tokenizer -> the examples as a network reads them.
        judge: Task, examples, section, rows -> what knows the right answers of the rows.
        details: Title, task, examples, judge, what the judge decided -> what `mbert eval` shows beside the score.
        answers: What is asked, the encoded set, outputs, their names -> what `mbert predict` shows.
        unlabelled: Texts, second texts of pairs or None -> examples of which nobody knows the right answers.
        summary: Names of the outputs -> what a task asks for, in a few words.
        sources: Values of `task.source` whose sections are of this kind.
        settings: What to set for a task of your own, as `mbert` takes it.
        has_labels: Whether the outputs are labels, which are matched by name with those of another task.
        output_names: Names of the outputs where these are the same for every task; else () and the task names them.
        asks_questions: Whether a text alone is not enough, and a question about it is answered.
        problem_type: The value of Hugging Face's `problem_type` for such a head; None where the head says all, or
            where others know no such kind.
        client: What reads texts for such an artifact on a phone, if anything does.
        foreign_length: Tokens of a window over a long text in the pipeline of transformers, which a model from another
            project reads at most; None where it reads no windows.
        scored_on: The kind of the tasks that such a model is scored on, where it is another one; None for its own.
    """

    head: TaskHead
    loss: str
    metrics: tuple[str, ...]
    rows: Callable[[TaskData, Any, Any, Tokenizer], Rows]
    judge: Callable[[TaskData, Any, Any, Any], Judge]
    details: Callable[[str, TaskData, Any, Any, Any], Details]
    answers: Callable[[Any, Any, np.ndarray, Sequence[str]], Answers]
    unlabelled: Callable[[list[str], list[str] | None], Any]
    summary: Callable[[Sequence[str]], str]
    sources: tuple[str, ...]
    settings: str
    has_labels: bool = True
    output_names: tuple[str, ...] = ()
    asks_questions: bool = False
    problem_type: str | None = None
    client: Client | None = None
    foreign_length: int | None = None
    scored_on: str | None = None


def _count_labels(labels: Sequence[str]) -> str:
    return counted(len(labels), "label")


def _count_entities(labels: Sequence[str]) -> str:
    chunks = chunk_labels(labels)
    if chunks is None:
        return f"one of {counted(len(labels), 'tag')} per word"
    return f"entities of {counted(len(entity_types(chunks)), 'type')}"


KINDS: dict[str, Kind] = {
    "classification": Kind(
        head=CLASSIFIER,
        loss="cross_entropy",
        metrics=("accuracy",),
        rows=encoding.text_rows,
        judge=encoding.judge_labels,
        details=scores.label_details,
        answers=shown_answers.show_labels,
        unlabelled=unlabelled_texts,
        summary=_count_labels,
        sources=OF_TEXTS,
        settings="task.source=file --set task.kind=classification --set task.train=FILE",
        problem_type="single_label_classification",
        client=TEXT_CLASSIFIER,
    ),
    "multi_label": Kind(
        head=TaskHead("classifier", True, "sigmoid", ("probabilities",)),
        loss="binary_cross_entropy",
        metrics=("f1_micro", "f1_macro"),
        rows=encoding.text_rows,
        judge=encoding.judge_label_sets,
        details=scores.label_set_details,
        answers=shown_answers.show_label_sets,
        unlabelled=unlabelled_texts,
        summary=_count_labels,
        sources=OF_TEXTS,
        settings="task.source=file --set task.kind=multi_label --set task.train=FILE",
        problem_type="multi_label_classification",
        client=TEXT_CLASSIFIER,
    ),
    "regression": Kind(
        head=TaskHead("classifier", True, "linear", ("value",)),
        loss="mean_squared_error",
        metrics=("pearson", "spearman"),
        rows=encoding.text_rows,
        judge=encoding.judge_numbers,
        details=scores.number_details,
        answers=shown_answers.show_numbers,
        unlabelled=unlabelled_texts,
        summary=lambda names: "a number",
        sources=OF_TEXTS,
        settings="task.source=file --set task.kind=regression --set task.train=FILE",
        has_labels=False,
        problem_type="regression",
        client=TEXT_CLASSIFIER,
    ),
    "question_answering": Kind(
        # The names that the TFLite Task Library looks for.
        head=TaskHead("answer_span", False, "linear", ("start_logits", "end_logits")),
        loss="answer_span",
        metrics=("f1",),
        rows=encoding.question_rows,
        judge=encoding.judge_answers,
        details=scores.answer_details,
        answers=shown_answers.show_spans,
        unlabelled=questions_about,
        summary=lambda names: "a piece of a text",
        sources=("squad",),
        settings="task.source=squad --set task.train=FILE --set task.validation=FILE",
        has_labels=False,
        output_names=SPAN_OUTPUTS,
        asks_questions=True,
        client=QUESTION_ANSWERER,
        foreign_length=384,
    ),
    "token_classification": Kind(
        head=TaskHead("token_classifier", False, "softmax", ("probabilities",)),
        loss="token_cross_entropy",
        metrics=("f1",),
        rows=encoding.word_rows,
        judge=encoding.judge_words,
        details=scores.word_details,
        answers=shown_answers.show_entities,
        unlabelled=unlabelled_words,
        summary=_count_entities,
        sources=("tokens",),
        settings="task.source=tokens --set task.train=FILE",
    ),
    "embedding": Kind(
        # MediaPipe's embedder takes the one output that a file has, whatever its name.
        head=TaskHead("embedding", True, "linear", ("embedding",), pooling="mean"),
        loss="",
        metrics=FIGURES[:1],
        rows=encoding.single_text_rows,
        judge=encoding.judge_similarity,
        details=scores.similarity_details,
        answers=shown_answers.show_vectors,
        unlabelled=unlabelled_texts,
        summary=lambda names: "a vector",
        sources=("glue", "file"),
        settings="task.source=glue --set task.name=stsb --set task.folder=DIR",
        has_labels=False,
        client=TEXT_EMBEDDER,
        scored_on="regression",
    ),
}
"""By the values of `mbert_cli.examples.options.TaskKind`."""


def kind_of(name: str) -> Kind:
    """The row of a kind.

    Raises:
        UserError: There is none, as for a model that a newer version made.
    """
    if name not in KINDS:
        raise UserError(
            f"The kind of a task must be one of {', '.join(KINDS)}. Received: {name}",
            "Use the version of mbert that the model was made with.",
        )
    return KINDS[name]


def head_of(description: ModelDescription) -> TaskHead:
    """The head of a saved model: that of its kind, for vectors with the pooling that the model has.

    Raises:
        UserError: As `kind_of`.
    """
    head, embedding = kind_of(description.kind).head, description.embedding
    if embedding is None:
        return head
    return replace(
        head, pooling=embedding.pooling, activation="unit_length" if embedding.normalize else "linear"
    )


def require_source(options: AnyTask, kind: str, path: Path) -> None:
    """Checks that the section of a task is one of the kind that a model was fine-tuned for.

    Args:
        options: The section.
        kind: The model's.
        path: The model.

    Raises:
        UserError: It is one of another kind.
    """
    if not isinstance(options, ImportedTask) and options.source not in kind_of(kind).sources:
        raise UserError(
            "The task that is named must be of the model's kind. "
            f"Received: task.source {options.source} for {path}, {purpose_of(kind)}",
            "Leave task.source out; single keys of the model's own task can be set.",
        )


def purpose_of(name: str) -> str:
    """What models of a kind are for, as a sentence goes on that names one: `which was fine-tuned for regression`."""
    if kind_of(name).head.pooling:
        return "whose texts become vectors"
    return f"which was fine-tuned for {in_words(name)}"


def kind_of_foreign(head: str, problem_type: str | None) -> str:
    """The kind of a task whose head came from another project.

    Args:
        head: Name of the head.
        problem_type: As in `Kind`; None where the head says all.
    """
    return next(
        name for name, kind in KINDS.items() if (kind.head.name, kind.problem_type) == (head, problem_type)
    )


def known_outputs() -> set[tuple[str, ...]]:
    """Names of the outputs that a .tflite file may have."""
    return {kind.head.artifact_outputs for kind in KINDS.values()}
