"""`mbert predict`: texts, or questions about a text, and a run or an artifact -> what the model says."""

from mbert_cli import console
from mbert_cli.errors import UserError
from mbert_cli.examples.texts import TaskData
from mbert_cli.figures import counted
from mbert_cli.preflight.predict import Ready
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import PredictRecipe
from mbert_cli.tasks.asked import AskedQuestions, AskedTexts
from mbert_cli.tasks.asked_questions import read_questions
from mbert_cli.tasks.asked_texts import read_texts
from mbert_cli.tasks.kinds import kind_of, purpose_of
from mbert_cli.tasks.model import TaskModel
from mbert_cli.tasks.shown_answers import Answers


def run(ready: Ready) -> None:
    """Prints what a model says about each text or question, or everything as JSONL."""
    invocation, model = ready.invocation, ready.model
    asks_questions = bool(invocation.questions or invocation.context)
    _require_kind(model, asks_questions)
    if asks_questions:
        asked: AskedQuestions | AskedTexts = read_questions(invocation)
        would = f"Would answer {counted(len(invocation.questions), 'question')} about {invocation.context}"
    else:
        asked = read_texts(invocation, model)
        would = f"Would predict {counted(len(asked), 'text')}"
    if invocation.dry_run:
        console.result(f"{would} with {model.path}")
        return
    _show(invocation, _answer(ready, asked))


def _require_kind(model: TaskModel, for_questions: bool) -> None:
    """Checks that the model answers what is asked.

    Raises:
        UserError: It answers questions and is given texts, or the reverse.
    """
    kind, target = model.description.kind, model.path
    if kind_of(kind).asks_questions == for_questions:
        return
    if for_questions:
        raise UserError(
            f"Questions need a model that was fine-tuned on answers in texts. Received: {target}, "
            f"{purpose_of(kind)}",
            "Name another run, or give --text or --file in place of --question and --context.",
        )
    raise UserError(
        f"{target} answers questions about a text. Received: texts without a question",
        "Give --question TEXT and --context FILE.",
    )


def _answer(ready: Ready, asked: AskedQuestions | AskedTexts) -> Answers:
    model, recipe, kind = ready.model, ready.recipe, kind_of(ready.model.description.kind)
    task = TaskData(asked.name, model.output_names, {}, kind=model.description.kind)
    encoded = model.encode(task, asked.examples(kind.unlabelled), recipe.task or model.own_task)
    if encoded.rows.cut:
        console.info(encoded.rows.cut)
    outputs = model.answer(encoded, recipe.batch_size)
    return kind.answers(asked, encoded, outputs, model.output_names)


def _show(invocation: Invocation[PredictRecipe], answers: Answers) -> None:
    if invocation.jsonl:
        for record in answers.records:
            console.record(record)
        return
    table = answers.table()
    console.table(table.title, table.columns, table.rows)
