"""`mbert predict`: text and a run or an artifact -> labels, or entities, with probabilities."""

import textwrap
from collections.abc import Callable

import numpy as np

from mbert_cli import console
from mbert_cli.errors import UserError
from mbert_cli.evaluate.judges import THRESHOLD
from mbert_cli.examples.texts import TaskData
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import PredictRecipe
from mbert_cli.tasks.answers import entity_examples, show_entities
from mbert_cli.tasks.asked_questions import answer_questions
from mbert_cli.tasks.asked_texts import Texts, read_texts
from mbert_cli.tasks.model import find_target, open_task_model
from mbert_cli.tasks.row_length import refuse_batch_size, with_chosen_length

SHOWN_CHARACTERS = 80
"""Of a text in the table; JSONL has all of it."""

NO_TEXT = "(no text)"

Answers = tuple[list[str], list[tuple[str, ...]], list[dict]]
"""Columns and rows of a table, and the same for JSON lines."""


def run(invocation: Invocation) -> None:
    """Prints the label of each text, or its entities, with their probability, or everything as JSONL."""
    recipe: PredictRecipe = invocation.loaded.recipe
    target = find_target(invocation)
    refuse_batch_size(invocation, "batch_size", [target])
    if invocation.questions or invocation.context:
        answer_questions(invocation, target)
        return
    model = with_chosen_length(open_task_model(target), invocation)
    description, options = model.description, recipe.task or model.description.task
    if description.kind == "question_answering":
        raise UserError(
            f"{target} answers questions about a text. Received: texts without a question.",
            "Give --question TEXT and --context FILE.",
        )
    texts = read_texts(invocation, model)
    if invocation.dry_run:
        console.result(f"Would predict {len(texts):,} texts with {target}")
        return
    task = TaskData("texts", description.labels, {}, (), description.kind)
    labels_tokens = description.kind == "token_classification"
    examples = texts.examples()
    encoded = model.encode(task, entity_examples(examples.texts) if labels_tokens else examples, options)
    if encoded.rows.cut:
        console.info(encoded.rows.cut)
    outputs = model.answer(encoded, recipe.batch_size)
    if labels_tokens:
        show_entities(invocation, encoded, outputs, texts)
    else:
        _show(invocation, _ANSWERS[description.kind](description.labels, outputs), texts)


def _show(invocation: Invocation, answers: Answers, texts: Texts) -> None:
    """Prints an answer a text; a blank one has none."""
    columns, rows, records = answers
    place_of = {place: index for index, place in enumerate(texts.present)}
    if invocation.jsonl:
        nothing = dict.fromkeys(records[0])
        for place in range(len(texts)):
            record = records[place_of[place]] if place in place_of else nothing
            console.record(texts.record(place) | record)
        return
    nothing = (NO_TEXT, *[""] * (len(columns) - 1))
    shown = [
        (
            *(rows[place_of[place]] if place in place_of else nothing),
            *map(_shorten, texts.record(place).values()),
        )
        for place in range(len(texts))
    ]
    names = ["text"] if texts.second_texts is None else ["text", "second text"]
    console.table("", [*columns, *names], shown)


def _shorten(text: str) -> str:
    return textwrap.shorten(text, SHOWN_CHARACTERS, placeholder=" ...")


def _labels(labels: list[str], probabilities: np.ndarray) -> Answers:
    rows, records = [], []
    for row in probabilities:
        order = np.argsort(-row)[:3]
        others = ", ".join(f"{labels[index]} {row[index]:.1%}" for index in order[1:])
        rows.append((labels[order[0]], f"{row[order[0]]:.1%}", others))
        figures = {label: round(float(value), 6) for label, value in zip(labels, row, strict=True)}
        records.append({"label": labels[int(row.argmax())], "probabilities": figures})
    return ["label", "probability", "then"], rows, records


def _numbers(labels: list[str], values: np.ndarray) -> Answers:
    numbers = [[round(float(value), 4) for value in row] for row in values]
    rows = [tuple(f"{number:.4f}" for number in row) for row in numbers]
    return labels, rows, [dict(zip(labels, row, strict=True)) for row in numbers]


def _label_sets(labels: list[str], probabilities: np.ndarray) -> Answers:
    rows, records = [], []
    for row in probabilities:
        chosen = [label for label, value in zip(labels, row, strict=True) if value >= THRESHOLD]
        order = np.argsort(-row)[:3]
        rows.append((", ".join(chosen), ", ".join(f"{labels[index]} {row[index]:.1%}" for index in order)))
        figures = {label: round(float(value), 6) for label, value in zip(labels, row, strict=True)}
        records.append({"labels": chosen, "probabilities": figures})
    return ["labels", "likeliest"], rows, records


_ANSWERS: dict[str, Callable[[list[str], np.ndarray], Answers]] = {
    "classification": _labels,
    "multi_label": _label_sets,
    "regression": _numbers,
}
"""By `TaskKind`, of those that look at a whole text."""
