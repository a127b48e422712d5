"""`mbert predict`: text and a run or an artifact -> labels, or entities, with probabilities."""

import sys
import textwrap
from collections.abc import Callable

import numpy as np

from mbert_cli import console
from mbert_cli.commands.invocation import Invocation
from mbert_cli.commands.predict_answers import answer_questions
from mbert_cli.commands.predict_entities import entity_examples, show_entities
from mbert_cli.commands.task_model import find_target, open_task_model
from mbert_cli.data.examples import Examples, TaskData
from mbert_cli.data.options import Task
from mbert_cli.data.tasks import takes_pairs
from mbert_cli.data.text_files import read_lines
from mbert_cli.errors import UserError
from mbert_cli.evaluate.judges import THRESHOLD
from mbert_cli.recipe.schema import PredictRecipe

SHOWN_CHARACTERS = 80
"""Of a text in the table; JSONL has all of it."""

Answers = tuple[list[str], list[tuple[str, ...]], list[dict]]
"""Columns and rows of a table, and the same for JSON lines."""


def run(invocation: Invocation) -> None:
    """Prints the label of each text, or its entities, with their probability, or everything as JSONL."""
    recipe: PredictRecipe = invocation.loaded.recipe
    target = find_target(invocation)
    if invocation.questions or invocation.context:
        answer_questions(invocation, target)
        return
    texts = _texts(invocation)
    if invocation.dry_run:
        console.result(f"Would predict {len(texts):,} texts with {target}")
        return
    model = open_task_model(target)
    description, options = model.description, recipe.task or model.description.task
    if description.kind == "question_answering":
        raise UserError(
            f"{target} answers questions about a text. Received: texts without a question.",
            "Give --question TEXT and --context FILE.",
        )
    task = TaskData("texts", description.labels, {}, (), description.kind)
    labels_tokens = description.kind == "token_classification"
    examples = entity_examples(texts) if labels_tokens else _examples(options, texts)
    encoded = model.encode(task, examples, options)
    if encoded.rows.cut:
        console.info(encoded.rows.cut)
    outputs = model.answer(encoded, recipe.batch_size)
    if labels_tokens:
        show_entities(invocation, encoded, outputs, texts)
    else:
        _show(invocation, _ANSWERS[description.kind](description.labels, outputs), texts)


def _show(invocation: Invocation, answers: Answers, texts: list[str]) -> None:
    columns, rows, records = answers
    if invocation.jsonl:
        for text, record in zip(texts, records, strict=True):
            console.record({"text": text} | record)
    else:
        shown = [textwrap.shorten(text, SHOWN_CHARACTERS, placeholder=" ...") for text in texts]
        console.table("", [*columns, "text"], [(*row, text) for row, text in zip(rows, shown, strict=True)])


def _texts(invocation: Invocation) -> list[str]:
    """The texts, one a line in a file or on standard input; blank lines are left out there."""
    if invocation.texts:
        texts = list(invocation.texts)
    elif invocation.file:
        texts = [line.strip() for _, line in read_lines(invocation.file) if line.strip()]
    else:
        texts = [line.strip() for line in sys.stdin.read().splitlines() if line.strip()]
    if not texts or not all(text.strip() for text in texts):
        raise UserError(
            "`mbert predict` needs texts that are not blank. Received: "
            + ("a blank one." if texts else "none."),
            "Give --text TEXT, --file FILE with one text a line, or standard input.",
        )
    return texts


def _examples(options: Task, texts: list[str]) -> Examples:
    """Texts as examples without a label; for a task of pairs a tab separates the two."""
    labels = np.zeros(len(texts), np.int32)
    if not takes_pairs(options, texts):
        return Examples(texts, None, labels)
    pairs = [text.split("\t") for text in texts]
    for text, pair in zip(texts, pairs, strict=True):
        if len(pair) != 2:
            raise UserError(
                f"This model takes two texts separated by a tab. Received: {text!r}",
                "Write both texts on one line with a tab between them.",
            )
    return Examples([first for first, _ in pairs], [second for _, second in pairs], labels)


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
    numbers = [round(float(value), 4) for value in values[:, 0]]
    return labels, [(f"{number:.4f}",) for number in numbers], [{labels[0]: number} for number in numbers]


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
