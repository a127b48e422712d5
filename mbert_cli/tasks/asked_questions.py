"""`mbert predict --question ... --context FILE`: questions about a text of any length -> pieces of the text."""

import textwrap
from collections.abc import Sequence
from pathlib import Path

from mbert_cli import console
from mbert_cli.errors import UserError
from mbert_cli.evaluate.answer_judge import AnswerJudge
from mbert_cli.evaluate.answers import Decoded
from mbert_cli.examples.squad import Question, collect_squad
from mbert_cli.examples.texts import TaskData
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.tasks.model import open_task_model
from mbert_cli.tasks.row_length import with_chosen_length
from mbert_cli.text.text_files import read_parts

AROUND = 40
"""Characters of the text shown on each side of a piece of it."""

NO_ANSWER = "(no answer)"


def answer_questions(invocation: Invocation, target: Path) -> None:
    """Prints the answer to each question with its probability, or the best ones as JSONL.

    Raises:
        UserError: Questions or text are missing or blank, or the model is not one for questions.
    """
    context = _read(invocation)
    if invocation.dry_run:
        console.result(
            f"Would answer {len(invocation.questions):,} questions about {invocation.context} with {target}"
        )
        return
    model = with_chosen_length(open_task_model(target), invocation)
    options = invocation.loaded.recipe.task or model.description.task
    if model.description.kind != "question_answering":
        raise UserError(
            f"Questions need a model that was fine-tuned on answers in texts. Received: {target}, which was "
            f"fine-tuned for {model.description.kind.replace('_', ' ')}.",
            "Name another run, or give --text or --file in place of --question and --context.",
        )
    questions = [
        Question(f"question {number}", question, context, ())
        for number, question in enumerate(invocation.questions)
    ]
    task = TaskData("questions", model.description.labels, {}, kind="question_answering")
    encoded = model.encode(task, collect_squad("questions", questions), options)
    if encoded.rows.cut:
        console.info(encoded.rows.cut)
    outputs = model.answer(encoded, invocation.loaded.recipe.batch_size)
    _show(invocation, encoded.judge, encoded.judge.decide(outputs), context)


def _read(invocation: Invocation) -> str:
    """The text that the questions are about."""
    of_texts = {
        "--text": invocation.texts, "--file": invocation.file, "--pair": invocation.pair,
        "--text-column": invocation.text_column, "--second-text-column": invocation.second_text_column,
    }  # fmt: skip
    for flag, value in of_texts.items():
        if value:
            raise UserError(
                f"A question is asked about one text, that of --context. Received: {flag} too",
                f"Leave {flag} out, or --question and --context.",
            )
    if invocation.context is None or not invocation.questions:
        missing = "--context FILE" if invocation.context is None else "--question TEXT"
        raise UserError(
            f"A question needs a text, and a text a question. Received: no {missing}", f"Give {missing} too."
        )
    if not all(question.strip() for question in invocation.questions):
        raise UserError("A question must not be blank. Received: a blank one.", "Give --question TEXT.")
    context = "".join(read_parts(invocation.context))
    if not context.strip():
        raise UserError(
            f"A text that answers questions must not be blank. Received: {invocation.context}",
            "Give --context FILE with a text.",
        )
    return context


def _show(invocation: Invocation, judge: AnswerJudge, decoded: Sequence[Decoded], context: str) -> None:
    threshold = judge.null_threshold or 0.0
    if invocation.jsonl:
        for question, one in zip(invocation.questions, decoded, strict=True):
            console.record({"question": question} | _record(judge, one, threshold))
        return
    rows = [
        (question, *_cells(judge, one, threshold, context))
        for question, one in zip(invocation.questions, decoded, strict=True)
    ]
    console.table("", ["question", "answer", "probability", "character", "in the text"], rows)


def _record(judge: AnswerJudge, decoded: Decoded, threshold: float) -> dict:
    """A JSON line: the answer, and the candidates, best first."""
    record: dict = {"answer": judge.text(decoded, threshold)}
    if judge.with_null:
        record["null_probability"] = round(decoded.null_probability, 6)
        record["null_difference"] = decoded.null_difference
    record["candidates"] = [
        vars(found) | {"probability": round(found.probability, 6)} for found in decoded.candidates
    ]
    return record


def _cells(judge: AnswerJudge, decoded: Decoded, threshold: float, context: str) -> tuple[str, ...]:
    if not judge.text(decoded, threshold):
        return NO_ANSWER, f"{decoded.null_probability:.1%}", "", ""
    best = decoded.candidates[0]
    shown = show_around(context, best.start, best.start + len(best.text))
    return textwrap.shorten(best.text, 80), f"{best.probability:.1%}", f"{best.start:,}", shown


def show_around(context: str, start: int, end: int) -> str:
    """A piece of a text with what stands around it, on one line.

    Args:
        context: The text.
        start: First character of the piece.
        end: The character after its last one.
    """
    start, end = max(0, start - AROUND), end + AROUND
    around = f"{'... ' if start else ''}{context[start:end]}{' ...' if end < len(context) else ''}"
    return " ".join(around.split())
