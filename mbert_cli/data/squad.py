"""SQuAD 1.1 and 2.0: questions whose answers are pieces of a text, from JSON or tensorflow-datasets."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mbert_cli.data.corpus_tfds import find_builder, open_split
from mbert_cli.data.text_files import read_parts
from mbert_cli.errors import UserError


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
        is_impossible: The context does not answer the question (SQuAD 2.0).
    """

    id: str
    question: str
    context: str
    answers: tuple[Answer, ...]
    is_impossible: bool = False


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
    """

    name: str
    questions: tuple[Question, ...]
    num_misplaced: int
    misplaced: tuple[Misplaced, ...]

    def __len__(self) -> int:
        return len(self.questions)

    @property
    def notes(self) -> list[str]:
        """What a person should know about the source."""
        if not self.num_misplaced:
            return []
        return [
            f"{self.num_misplaced:,} answers do not stand where {self.name} says",
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


def read_squad(path: Path) -> Squad:
    """Reads a file in the official layout of SQuAD 1.1 or 2.0, plain or .gz.

    Raises:
        UserError: The file cannot be read, is not JSON or not laid out as SQuAD is, has no questions, an
            empty context, a repeated id, or an impossible question with answers.
    """
    text = "".join(read_parts(path))
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"A SQuAD file must be JSON. Received: {path} ({error})",
            "Set the path to a file like train-v1.1.json.",
        ) from error
    return _check(path.name, str(path), _walk(content, path))


def read_squad_tfds(dataset: str, split: str, data_dir: str | None) -> Squad:
    """Reads `squad/v1.1` or `squad/v2.0` of tensorflow-datasets.

    Args:
        dataset: Name and configuration, as `tfds.load` takes it.
        split: `train` or `validation`, slices allowed.
        data_dir: Folder of prepared data sets; None is the library's default.

    Raises:
        UserError: The data set is not prepared, is not SQuAD, or as `read_squad`.
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
        UserError: As `read_squad`.
    """
    return _check(name, name, _convert(examples))


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
                bool(example.get("is_impossible", False)),
            ),
        )


def collect_squad(name: str, questions: Sequence[Question]) -> Squad:
    """Questions as a data set, with what is wrong with their answers.

    Args:
        name: For people.
        questions: At least one; their ids are distinct.
    """
    misplaced = [
        Misplaced(question.id, answer, _found(answer, question.context))
        for question in questions
        for answer in question.answers
        if not stands(answer, question.context)
    ]
    return Squad(name, tuple(questions), len(misplaced), tuple(misplaced[:3]))


def _check(name: str, source: str, placed: Iterable[tuple[str, Question]]) -> Squad:
    """Checks what the layout cannot tell."""
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


def _walk(content: Any, path: Path) -> Iterator[tuple[str, Question]]:
    """The questions of a file, each with its place in it."""
    for article_place, article in _items(content, "data", "", path):
        for paragraph_place, paragraph in _items(article, "paragraphs", article_place, path):
            context = _member(paragraph, "context", str, paragraph_place, path)
            for place, record in _items(paragraph, "qas", paragraph_place, path):
                yield place, _question(record, context, place, path)


def _question(record: Any, context: str, place: str, path: Path) -> Question:
    answers = []
    for answer_place, answer in _items(record, "answers", place, path, optional=True):
        text = _member(answer, "text", str, answer_place, path)
        answers.append(Answer(text, _member(answer, "answer_start", int, answer_place, path)))
    marked = isinstance(record, dict) and "is_impossible" in record
    return Question(
        _member(record, "id", str, place, path),
        _member(record, "question", str, place, path),
        context,
        tuple(answers),
        _member(record, "is_impossible", bool, place, path) if marked else False,
    )


_KINDS = {list: "a list", str: "a text", int: "a whole number", bool: "true or false"}
_ABSENT = object()
_SURROGATE = re.compile("[\ud800-\udfff]")


def _items(
    record: Any, key: str, place: str, path: Path, *, optional: bool = False
) -> Iterator[tuple[str, Any]]:
    """The items of a list that is a member, each with its place."""
    if optional and isinstance(record, dict) and key not in record:
        return
    prefix = f"{place}.{key}" if place else key
    for index, item in enumerate(_member(record, key, list, place, path)):
        yield f"{prefix}[{index}]", item


def _member(record: Any, key: str, kind: type, place: str, path: Path) -> Any:
    """A member of a JSON object, of the kind that it must be."""
    if not isinstance(record, dict):
        raise _wrong(place or "the top", "an object", _describe(record), path)
    value = record.get(key, _ABSENT)
    inner = f"{place}.{key}" if place else key
    if type(value) is not kind:  # bool is an int to isinstance
        raise _wrong(inner, _KINDS[kind], _describe(value), path)
    if kind is str and _SURROGATE.search(value):
        raise _wrong(inner, "a text in valid Unicode", "half of a surrogate pair", path)
    return value


def _describe(value: Any) -> str:
    if value is _ABSENT:
        return "nothing"
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "an object"
    return _KINDS.get(type(value), "a fraction")


def _wrong(place: str, rule: str, received: str, path: Path) -> UserError:
    return UserError(
        f"A SQuAD file must have {rule} at {place}. Received: {received} in {path}",
        "Write the file as SQuAD is: data[].paragraphs[] with context and qas[], each with id, question and "
        "answers[] of text and answer_start.",
    )
