"""How many tokens of a text an imported task model reads."""

from pathlib import Path

from mbert_cli.errors import UserError
from mbert_cli.text.tokenizer_length import find_max_length
from mbert_cli.weights.checkpoint_source import Imported
from mbert_cli.weights.sentence_transformers import SETTINGS, SentenceModel

LOWEST = 4
"""A pair of one token each and its marks are one more."""


def imported_length(
    imported: Imported,
    folder: Path,
    wanted: int | None,
    window: int | None,
    sentences: SentenceModel | None = None,
) -> tuple[int, str] | None:
    """The length of a task model's rows in tokens, and where it comes from.

    Args:
        imported: The model.
        folder: The folder with the tokenizer's files.
        wanted: What `--length` says; None takes the least of what tokenizer and position table allow.
        window: Tokens of a window over a long text, which it reads at most; None where it reads no windows.
        sentences: What makes vectors of texts; None for other models.

    Returns:
        None for a model without the head of a task whose texts become no vectors.

    Raises:
        UserError: The model cannot have this length.
    """
    positions = imported.size.max_length
    if imported.task_head is None and sentences is None:
        if wanted is not None:
            raise UserError(
                f"--length is that of a task model's texts. Received: {wanted} for a model without the head of a task",
                "Leave it out; `mbert finetune` reads task.sequence_length. With --pooling its texts become vectors.",
            )
        return None
    if wanted is not None and not LOWEST <= wanted <= positions:
        raise UserError(
            f"--length must be {LOWEST} to {positions}, the rows of the model's position table. Received: {wanted}",
            f"Give --length {positions} for the longest texts that the model can read.",
        )
    if wanted is not None:
        return wanted, "--length"
    lengths = [(positions, "the rows of its position table")]
    stated = find_max_length(folder)
    if sentences is not None and sentences.max_length is not None:
        lengths.append((sentences.max_length, f"max_seq_length of {SETTINGS}"))
    elif stated is not None:
        lengths.append((stated, "model_max_length of tokenizer_config.json"))
    if window is not None:
        lengths.append((window, "windows as transformers cuts them"))
    length, reason = min(lengths, key=lambda one: one[0])
    if length < LOWEST:
        raise UserError(
            f"A task model must read {LOWEST} tokens or more. Received: {length}, {reason}",
            "Give --length." if positions >= LOWEST else "Take a checkpoint with a longer position table.",
        )
    return length, reason
