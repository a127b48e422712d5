"""What `mbert predict` shows of the answers of a model: a table for people, and records for programs.

Which of these functions a kind of task uses is in its row of `mbert_cli.tasks.kinds.KINDS`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from mbert_cli.evaluate.answer_judge import AnswerJudge
from mbert_cli.evaluate.answers import Decoded
from mbert_cli.evaluate.entities import Entity, find_entities
from mbert_cli.evaluate.judges import THRESHOLD
from mbert_cli.table import Table, shortened
from mbert_cli.tasks.asked import AskedQuestions, AskedTexts

SHOWN_CHARACTERS = 80
"""Columns that a text takes in the table; records have all of it."""

CHARACTERS_AROUND = 40
"""Characters of the text shown on each side of a piece of it."""

VECTOR_DIGITS = 7
"""Decimals of the numbers of a vector in records: as many as float32 has."""

MOST_NEIGHBOURS = 5000
"""Texts up to which each is compared with all others, a second's work."""

SHOWN_NUMBERS = 4
"""Numbers of a vector that the table shows; records have all of them."""

NO_TEXT = "(no text)"
NO_ENTITY = "(no entity)"
NO_ANSWER = "(no answer)"


@dataclass(frozen=True)
class Answers:
    """What a model says.

    Attributes:
        table: Arranges them for people; a function, since a table of many texts takes a while and programs need none.
        records: One for each text or question that was asked, in order, as JSON has it.
    """

    table: Callable[[], Table]
    records: Sequence[dict[str, Any]]


def show_labels(texts: AskedTexts, encoded: Any, probabilities: np.ndarray, labels: Sequence[str]) -> Answers:
    """The likeliest label of each text, and the two after it.

    Args:
        texts: What was asked, blank texts too.
        encoded: The set of those that are not blank, with its judge.
        probabilities: (texts that are not blank, labels)
        labels: Names of the outputs.
    """
    rows, records = [], []
    for row in probabilities:
        order = np.argsort(-row)[:3]
        others = ", ".join(f"{labels[index]} {row[index]:.1%}" for index in order[1:])
        rows.append((labels[order[0]], f"{row[order[0]]:.1%}", others))
        records.append({"label": labels[int(row.argmax())], "probabilities": _figures(labels, row)})
    return answers_of_texts(texts, ["label", "probability", "then"], rows, records)


def show_label_sets(
    texts: AskedTexts, encoded: Any, probabilities: np.ndarray, labels: Sequence[str]
) -> Answers:
    """All labels of each text that are likely enough, and the likeliest three; arguments as for `show_labels`."""
    rows, records = [], []
    for row in probabilities:
        chosen = [label for label, value in zip(labels, row, strict=True) if value >= THRESHOLD]
        order = np.argsort(-row)[:3]
        rows.append((", ".join(chosen), ", ".join(f"{labels[index]} {row[index]:.1%}" for index in order)))
        records.append({"labels": chosen, "probabilities": _figures(labels, row)})
    return answers_of_texts(texts, ["labels", "likeliest"], rows, records)


def show_numbers(texts: AskedTexts, encoded: Any, values: np.ndarray, names: Sequence[str]) -> Answers:
    """The numbers of each text; arguments as for `show_labels`."""
    numbers = [[round(float(value), 4) for value in row] for row in values]
    rows = [tuple(f"{number:.4f}" for number in row) for row in numbers]
    return answers_of_texts(texts, names, rows, [dict(zip(names, row, strict=True)) for row in numbers])


def show_vectors(texts: AskedTexts, encoded: Any, vectors: np.ndarray, names: Sequence[str]) -> Answers:
    """The vector of each text; of pairs the cosine too, of single texts the one that is most alike.

    Args:
        texts: What was asked, blank texts too.
        encoded: The set of those that are not blank, with its judge.
        vectors: (texts that are not blank, dim), of pairs those of all first texts and then of all second ones.
        names: Not read.
    """
    if texts.second_texts is not None:
        alike = encoded.judge.decide(vectors)
        table = partial(_vector_table, texts, ["cosine"], [(f"{cosine:.4f}",) for cosine in alike])
        return Answers(table, VectorRecords(texts, vectors, alike))
    show = _with_neighbours if 1 < len(vectors) <= MOST_NEIGHBOURS else _with_beginnings
    return Answers(partial(show, texts, vectors), VectorRecords(texts, vectors))


@dataclass(frozen=True)
class VectorRecords(Sequence[dict[str, Any]]):
    """Records of vectors, each made when it is asked for: all at once would take ten times the memory of the vectors.

    Attributes:
        texts: What was asked, blank texts too.
        vectors: As in `show_vectors`.
        cosines: (pairs that are not blank,) of pairs; None of single texts.
    """

    texts: AskedTexts
    vectors: np.ndarray
    cosines: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, place: Any) -> Any:
        if not 0 <= place < len(self):
            raise IndexError(place)
        row = self._rows.get(place)
        record: dict[str, Any] = dict(self.texts.record(place))
        if self.cosines is None:
            return record | {"embedding": self._numbers(row)}
        cosine = None if row is None else round(float(self.cosines[row]), VECTOR_DIGITS)
        second = None if row is None else row + len(self.cosines)
        return record | {
            "cosine": cosine, "embedding": self._numbers(row), "second_embedding": self._numbers(second),
        }  # fmt: skip

    @cached_property
    def _rows(self) -> dict[int, int]:
        return {place: row for row, place in enumerate(self.texts.present)}

    def _numbers(self, row: int | None) -> list[float] | None:
        return None if row is None else [round(float(value), VECTOR_DIGITS) for value in self.vectors[row]]


def _vector_table(texts: AskedTexts, columns: Sequence[str], rows: Sequence[tuple[str, ...]]) -> Table:
    return answers_of_texts(texts, columns, rows, [{} for _ in rows]).table()


def _with_beginnings(texts: AskedTexts, vectors: np.ndarray) -> Table:
    """Each text with the first numbers of its vector."""
    more = ", ..." if vectors.shape[1] > SHOWN_NUMBERS else ""
    rows = [
        (
            ", ".join(f"{value:.4f}" for value in vector[:SHOWN_NUMBERS]) + more,
            f"{np.linalg.norm(vector):.4f}",
        )
        for vector in vectors
    ]
    return _vector_table(texts, [f"vector of {vectors.shape[1]}", "length"], rows)


def _with_neighbours(texts: AskedTexts, vectors: np.ndarray) -> Table:
    """Each text beside the other one that is most alike."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    rows = []
    for place, vector in enumerate(unit):
        alike = unit @ vector
        alike[place] = -np.inf  # a text is not its own neighbour
        nearest = int(alike.argmax())
        rows.append((f"{alike[nearest]:.4f}", _shorten(texts.texts[texts.present[nearest]])))
    return _vector_table(texts, ["cosine", "most like"], rows)


def _figures(labels: Sequence[str], row: np.ndarray) -> dict[str, float]:
    return {label: round(float(value), 6) for label, value in zip(labels, row, strict=True)}


def answers_of_texts(
    texts: AskedTexts,
    columns: Sequence[str],
    rows: Sequence[tuple[str, ...]],
    records: Sequence[dict[str, Any]],
) -> Answers:
    """One answer per text, next to the text; a blank one has none.

    Args:
        texts: What was asked.
        columns: Names of the cells of an answer.
        rows: Those cells, for each text that is not blank.
        records: The same for programs.
    """
    asked = [texts.record(place) for place in range(len(texts))]
    row_of = dict(zip(texts.present, rows, strict=True))
    record_of = dict(zip(texts.present, records, strict=True))
    no_row, no_record = (NO_TEXT, *[""] * (len(columns) - 1)), dict.fromkeys(records[0])

    def table() -> Table:
        shown = [
            (*row_of.get(place, no_row), *map(_shorten, text.values())) for place, text in enumerate(asked)
        ]
        names = ["text"] if texts.second_texts is None else ["text", "second text"]
        return Table("", [*columns, *names], shown)

    return Answers(table, [text | record_of.get(place, no_record) for place, text in enumerate(asked)])


def _shorten(text: str) -> str:
    return shortened(text, SHOWN_CHARACTERS)


def show_entities(
    texts: AskedTexts, encoded: Any, probabilities: np.ndarray, labels: Sequence[str]
) -> Answers:
    """The entities of each text, or all its words where these have tags, with their probabilities.

    Args:
        texts: What was asked, blank texts too.
        encoded: The set of those that are not blank, with its judge.
        probabilities: (rows, length, labels)
        labels: Names of the outputs.
    """
    counted = encoded.judge.counted
    entities = _entities(encoded, probabilities, [texts.texts[place] for place in texts.present])
    by_place = dict(zip(texts.present, entities, strict=True))
    found = [(text, by_place.get(place, [])) for place, text in enumerate(texts.texts)]
    records = [
        {"text": text, counted: [vars(one) | {"probability": round(one.probability, 6)} for one in pieces]}
        for text, pieces in found
    ]

    def table() -> Table:
        rows = [row for text, pieces in found for row in _entity_rows(text, pieces)]
        what = "word" if counted == "words" else "entity"
        return Table("", [what, "label", "probability", "character", "in the text"], rows)

    return Answers(table, records)


def _entities(encoded: Any, outputs: np.ndarray, texts: Sequence[str]) -> Iterator[list[Entity]]:
    words, judge = encoded.rows.words, encoded.judge
    probabilities = judge.probabilities(outputs)
    for index, (text, labels) in enumerate(zip(texts, judge.decide(outputs), strict=True)):
        part = slice(words.word_splits[index], words.word_splits[index + 1])
        groups = judge.group(labels)
        yield find_entities(text, groups, probabilities[part], words.starts[part], words.ends[part])


def _entity_rows(text: str, entities: Sequence[Entity]) -> list[tuple[str, ...]]:
    if not entities:
        return [(NO_ENTITY, "", "", "", show_around(text, 0, 0))]
    return [
        (
            " ".join(entity.text.split()),
            entity.label,
            f"{entity.probability:.1%}",
            f"{entity.start:,}",
            show_around(text, entity.start, entity.end),
        )
        for entity in entities
    ]


def show_spans(asked: AskedQuestions, encoded: Any, logits: np.ndarray, names: Sequence[str]) -> Answers:
    """The answer to each question, a piece of the text, and for programs the best ones.

    Args:
        asked: The questions and the text.
        encoded: The set of the questions, with its judge.
        logits: (windows, length, 2)
        names: Names of the outputs.
    """
    judge = encoded.judge
    threshold = judge.null_threshold or 0.0
    pairs = list(zip(asked.questions, judge.decide(logits), strict=True))
    records = [{"question": question} | _span_record(judge, one, threshold) for question, one in pairs]

    def table() -> Table:
        rows = [(question, *_span_cells(judge, one, threshold, asked.context)) for question, one in pairs]
        return Table("", ["question", "answer", "probability", "character", "in the text"], rows)

    return Answers(table, records)


def _span_record(judge: AnswerJudge, decoded: Decoded, threshold: float) -> dict[str, Any]:
    """The answer, and the candidates, best first."""
    record: dict[str, Any] = {"answer": judge.text(decoded, threshold)}
    if judge.with_null:
        record["null_probability"] = round(decoded.null_probability, 6)
        # It is infinite where "no answer" is alone, and JSON has no infinity.
        record["null_difference"] = decoded.null_difference if decoded.candidates else None
    record["candidates"] = [
        vars(found) | {"probability": round(found.probability, 6)} for found in decoded.candidates
    ]
    return record


def _span_cells(judge: AnswerJudge, decoded: Decoded, threshold: float, context: str) -> tuple[str, ...]:
    if not judge.text(decoded, threshold):
        return NO_ANSWER, f"{decoded.null_probability:.1%}", "", ""
    best = decoded.candidates[0]
    shown = show_around(context, best.start, best.start + len(best.text))
    return _shorten(best.text), f"{best.probability:.1%}", f"{best.start:,}", shown


def show_around(context: str, start: int, end: int) -> str:
    """A piece of a text with what stands around it, on one line.

    Args:
        context: The text.
        start: First character of the piece.
        end: The character after its last one.
    """
    start, end = max(0, start - CHARACTERS_AROUND), end + CHARACTERS_AROUND
    around = f"{'... ' if start else ''}{context[start:end]}{' ...' if end < len(context) else ''}"
    return " ".join(around.split())
