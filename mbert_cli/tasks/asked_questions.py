"""Reads the questions that `mbert predict` answers, and the text that they are about."""

from mbert_cli.errors import UserError
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import PredictRecipe
from mbert_cli.tasks.asked import AskedQuestions
from mbert_cli.text.text_files import read_parts


def read_questions(invocation: Invocation[PredictRecipe]) -> AskedQuestions:
    """The questions that were typed, and the text that they are about.

    Raises:
        UserError: Questions or text are missing or blank, or texts were given beside them.
    """
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
            f"A question needs a text, and a text needs a question. Received: no {missing}",
            f"Give {missing} too.",
        )
    if not all(question.strip() for question in invocation.questions):
        raise UserError("A question must not be blank. Received: a blank one", "Give --question TEXT.")
    context = "".join(read_parts(invocation.context))
    if not context.strip():
        raise UserError(
            f"A text that answers questions must not be blank. Received: {invocation.context}",
            "Give --context FILE with a text.",
        )
    return AskedQuestions(invocation.questions, context)
