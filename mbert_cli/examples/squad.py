"""SQuAD 1.1 and 2.0: questions whose answers are pieces of a text; those of tensorflow-datasets."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mbert_cli.errors import UserError
from mbert_cli.figures import counted
from mbert_cli.text.tfds import find_builder, open_split


@dataclass(frozen=True)
class Answer:
    """One right answer.

    Args:
        text: The answer as the data set writes it.
        start: Character of the context where it begins; some files have -1 where nobody knows.
    """

    text: str
    start: int


@dataclass(frozen=True)
class Question:
    """A question about a text.

    Args:
        id: Official id, found nowhere else in the data set.
        question: The question.
        context: The text that answers it; questions about one text share it.
        answers: All right answers; none where the question cannot be answered, or nobody said how.
        is_impossible: Whether the context does not answer the question (SQuAD 2.0); None where nobody says.
    """

    id: str
    question: str
    context: str
    answers: tuple[Answer, ...]
    is_impossible: bool | None = None


@dataclass(frozen=True)
class Misplaced:
    """An answer whose text does not stand where the data set says.

    Args:
        question_id: The question.
        answer: The answer.
        found: What stands there instead.
    """

    question_id: str
    answer: Answer
    found: str


@dataclass(frozen=True)
class Squad:
    """A data set of questions.

    Args:
        name: For people: the name of the file or of the split.
        questions: In the order of the data set, at least one.
        num_misplaced: Answers whose text does not stand where the data set says.
        misplaced: The first three of them.
        changes: What was read in another way than the data set has it, for people.
    """

    name: str
    questions: tuple[Question, ...]
    num_misplaced: int
    misplaced: tuple[Misplaced, ...]
    changes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.questions)

    @property
    def notes(self) -> list[str]:
        """What a person should know about the source."""
        if not self.num_misplaced:
            return [*self.changes]
        return [
            *self.changes,
            counted(
                self.num_misplaced,
                f"answer is not where {self.name} says; training leaves it out",
                f"answers are not where {self.name} says; training leaves them out",
            ),
            *(
                f"  question {one.question_id}: {one.answer.text!r} at character {one.answer.start}, "
                f"where {one.found!r} stands"
                for one in self.misplaced
            ),
        ]

    def take(self, indices: Sequence[int] | np.ndarray) -> "Squad":
        """The questions at some indices, in that order."""
        return collect_squad(self.name, [self.questions[i] for i in indices])


def stands(answer: Answer, context: str) -> bool:
    """Whether an answer's text is where it says in the context."""
    return answer.start >= 0 and context.startswith(answer.text, answer.start)


def read_squad_tfds(dataset: str, split: str, data_dir: str | None) -> Squad:
    """Reads `squad/v1.1` or `squad/v2.0` of tensorflow-datasets.

    Args:
        dataset: Name and configuration, as `tfds.load` takes them.
        split: `train` or `validation`, slices allowed.
        data_dir: Folder of prepared data sets; None is the library's default.

    Raises:
        UserError: The data set is not prepared, is not SQuAD, or as for `check_squad`.
    """
    builder = find_builder(dataset, data_dir, "task.")
    missing = [name for name in ("id", "question", "context", "answers") if name not in builder.info.features]
    if missing:
        raise UserError(
            f"A SQuAD data set must have the features id, question, context and answers. "
            f"Received: {dataset} without {', '.join(missing)}",
            "Set the data set to squad/v1.1 or squad/v2.0.",
        )
    examples = open_split(builder, split, data_dir, "task.")
    return squad_from_tfds(f"{dataset}:{split}", examples.as_numpy_iterator())


def squad_from_tfds(name: str, examples: Iterable[dict[str, Any]]) -> Squad:
    """The examples of a SQuAD builder as the values that a file gives.

    Args:
        name: For people, as in `squad/v1.1:train`.
        examples: Examples of the builder, in NumPy.

    Raises:
        UserError: As `check_squad`.
    """
    return check_squad(name, name, _convert(examples))


def _convert(examples: Iterable[dict[str, Any]]) -> Iterator[tuple[str, Question]]:
    context = b"", ""
    for index, example in enumerate(examples):
        if example["context"] != context[0]:  # so that questions about one text share it
            context = example["context"], example["context"].decode("utf-8", "replace")
        answers = zip(example["answers"]["text"], example["answers"]["answer_start"], strict=True)
        yield (
            f"example {index}",
            Question(
                example["id"].decode("utf-8", "replace"),
                example["question"].decode("utf-8", "replace"),
                context[1],
                tuple(Answer(text.decode("utf-8", "replace"), int(start)) for text, start in answers),
                bool(example["is_impossible"]) if "is_impossible" in example else None,
            ),
        )


def collect_squad(name: str, questions: Sequence[Question], changes: Sequence[str] = ()) -> Squad:
    """Questions as a data set, with what is wrong with their answers.

    Args:
        name: For people.
        questions: At least one; their ids are distinct.
        changes: What was read in another way than the data set has it.
    """
    misplaced = [
        Misplaced(question.id, answer, _found(answer, question.context))
        for question in questions
        for answer in question.answers
        if not stands(answer, question.context)
    ]
    return Squad(name, tuple(questions), len(misplaced), tuple(misplaced[:3]), tuple(changes))


def check_squad(name: str, source: str, placed: Iterable[tuple[str, Question]]) -> Squad:
    """Questions as a data set, after a look at what their layout cannot tell.

    Args:
        name: For people.
        source: Where they come from, for messages.
        placed: The questions, each with its place there.

    Raises:
        UserError: There are no questions, or one has an empty context, an id that another one has, or answers
            though it is impossible.
    """
    places: dict[str, str] = {}
    questions: list[Question] = []
    for place, question in placed:
        if question.id in places:
            raise UserError(
                "Each question id must occur once in a SQuAD data set. "
                f"Received: {question.id!r} at {places[question.id]} and {place} in {source}",
                "Give one of the questions another id, or take it out.",
            )
        _check_question(question, place, source)
        places[question.id] = place
        questions.append(question)
    if not questions:
        raise UserError(
            f"A SQuAD data set must have questions. Received: {source} without any", "Check the data set."
        )
    return collect_squad(name, questions)


def _found(answer: Answer, context: str) -> str:
    return context[answer.start : answer.start + len(answer.text)] if answer.start >= 0 else ""


def _check_question(question: Question, place: str, source: str) -> None:
    if not question.context.strip():
        raise UserError(
            f"Each context must have text. Received: {question.context!r} for {place} in {source}",
            "Fill the context in, or take its questions out.",
        )
    if question.is_impossible and question.answers:
        raise UserError(
            "A question marked is_impossible must have no answers. "
            f"Received: {len(question.answers)} at {place} in {source}",
            "Take the answers out, or set is_impossible to false.",
        )
