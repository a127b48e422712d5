"""Whether an artifact can have its tokenizer inside."""

from collections.abc import Sequence

from mbert_cli.errors import UserError
from mbert_cli.examples.task_columns import takes_pairs
from mbert_cli.figures import in_words
from mbert_cli.tasks.kinds import kind_of
from mbert_cli.tasks.model import TaskModel
from mbert_cli.text.vocabulary import RESERVED
from mbert_cli.tflite.text_runtime import TOKENIZER_OPERATIONS

_OUTSIDE = "Leave export.tokenizer out: the app cuts the text, as docs/phone.md shows."


def require_text_input(model: TaskModel, lengths: Sequence[int], target: str = "cpu") -> str:
    """Checks that tensorflow-text's tokenizer can stand in front of a model, and says what that asks of an app.

    Args:
        model: The model.
        lengths: Tokens of the texts that the artifact has signatures for.
        target: What runs the artifact: cpu, gpu or npu.

    Raises:
        UserError: It cannot.
    """
    kind, vocabulary = model.description.kind, model.vocabulary
    is_of_whole_texts = kind_of(kind).head.is_pooled
    if not is_of_whole_texts or _reads_pairs(model):
        what = f"{in_words(kind)}{' of pairs' * is_of_whole_texts}"
        raise UserError(
            f"With its tokenizer inside an artifact reads one text and answers about the whole of it. "
            f"Received: export.tokenizer inside for {what}",
            _OUTSIDE,
        )
    if model.client is not None:
        raise UserError(
            "The tokenizer of tensorflow-text cuts texts as BERT does. "
            f"Received: export.tokenizer inside for task.client {model.client}",
            _OUTSIDE,
        )
    if target != "cpu":
        raise UserError(
            f"The tokenizer of tensorflow-text runs on a CPU. Received: export.tokenizer inside for the {target}",
            "Leave --target out, or export.tokenizer.",
        )
    if len(lengths) > 1:
        raise UserError(
            "With its tokenizer inside an artifact has one length: the shortest for a text is known once it is cut. "
            f"Received: export.tokenizer inside for the lengths {', '.join(map(str, lengths))}",
            f"Name one, --length {lengths[-1]}, or leave export.tokenizer out.",
        )
    matched = [
        token.content for token in vocabulary.matched if token.content not in RESERVED and not token.is_text
    ]
    if matched:
        raise UserError(
            "The tokenizer of tensorflow-text matches no tokens before it cuts words. "
            f"Received: export.tokenizer inside for a vocabulary with {', '.join(map(repr, matched[:5]))}",
            _OUTSIDE,
        )
    return f"inside: an app must bring {' and '.join(TOKENIZER_OPERATIONS)} of tensorflow-text"


def _reads_pairs(model: TaskModel) -> bool:
    return model.description.embedding is None and takes_pairs(model.own_task)
