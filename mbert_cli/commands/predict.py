"""`mbert predict`: texts, or questions about a text, and a run or an artifact -> what the model says."""

from pathlib import Path

from mbert_cli import console
from mbert_cli.errors import UserError
from mbert_cli.examples.texts import TaskData
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import PredictRecipe
from mbert_cli.tasks.answers import Answers
from mbert_cli.tasks.asked import Questions, Texts
from mbert_cli.tasks.asked_questions import read_questions
from mbert_cli.tasks.asked_texts import read_texts
from mbert_cli.tasks.kinds import in_words, kind_of
from mbert_cli.tasks.model import TaskModel, find_target, open_task_model
from mbert_cli.tasks.row_length import refuse_batch_size, with_chosen_length


def run(invocation: Invocation) -> None:
    """Prints what a model says about each text or question, or everything as JSONL."""
    target = find_target(invocation)
    refuse_batch_size(invocation, "batch_size", [target])
    if invocation.questions or invocation.context:
        asked: Questions | Texts = read_questions(invocation)
        if invocation.dry_run:
            count = len(invocation.questions)
            console.result(f"Would answer {count:,} questions about {invocation.context} with {target}")
            return
        model = _open(invocation, target, for_questions=True)
    else:
        model = _open(invocation, target, for_questions=False)
        asked = read_texts(invocation, model)
        if invocation.dry_run:
            console.result(f"Would predict {len(asked):,} texts with {target}")
            return
    _show(invocation, _answer(invocation, model, asked))


def _open(invocation: Invocation, target: Path, for_questions: bool) -> TaskModel:
    """The model that is asked.

    Raises:
        UserError: It answers questions and is given texts, or the reverse.
    """
    model = with_chosen_length(open_task_model(target), invocation)
    kind = model.description.kind
    if kind_of(kind).asks_questions == for_questions:
        return model
    if for_questions:
        raise UserError(
            f"Questions need a model that was fine-tuned on answers in texts. Received: {target}, which was "
            f"fine-tuned for {in_words(kind)}.",
            "Name another run, or give --text or --file in place of --question and --context.",
        )
    raise UserError(
        f"{target} answers questions about a text. Received: texts without a question.",
        "Give --question TEXT and --context FILE.",
    )


def _answer(invocation: Invocation, model: TaskModel, asked: Questions | Texts) -> Answers:
    recipe: PredictRecipe = invocation.loaded.recipe
    kind = kind_of(model.description.kind)
    task = TaskData(asked.name, model.output_names, {}, kind=model.description.kind)
    encoded = model.encode(task, asked.examples(kind.unlabelled), recipe.task or model.own_task)
    if encoded.rows.cut:
        console.info(encoded.rows.cut)
    outputs = model.answer(encoded, recipe.batch_size)
    return kind.answers(asked, encoded, outputs, model.output_names)


def _show(invocation: Invocation, answers: Answers) -> None:
    if invocation.jsonl:
        for record in answers.records:
            console.record(record)
        return
    console.table(answers.table.title, answers.table.columns, answers.table.rows)
