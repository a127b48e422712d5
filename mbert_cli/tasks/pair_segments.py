"""Notes on pairs: where both texts share one row of segments, and where a model was fine-tuned on other texts."""

from pathlib import Path
from typing import Any

from mbert_cli import console
from mbert_cli.errors import UserError
from mbert_cli.examples.options import AnyTask, ImportedTask
from mbert_cli.examples.task_columns import takes_pairs
from mbert_cli.examples.texts import TaskData
from mbert_cli.model.options import Architecture
from mbert_cli.tasks.kinds import kind_of


def say_single_segment(size: Architecture, has_pairs: bool) -> None:
    """Says that both texts of a pair get the only row of segments; `transformers` refuses such pairs.

    Args:
        size: The encoder.
        has_pairs: Whether it reads pairs.
    """
    if has_pairs and size.num_segments == 1:
        console.warning(
            "The model has one row of segments: both texts of a pair get it, and [SEP] alone tells them apart"
        )


def refuse_client_of_pairs(path: Path, client: str | None, has_pairs: bool) -> None:
    """Refuses pairs where texts are cut as by a client of single texts.

    Args:
        path: The run or artifact.
        client: The client; None for BERT's own way.
        has_pairs: Whether two texts are read at once.

    Raises:
        UserError: They are.
    """
    if client is not None and has_pairs:
        raise UserError(
            f"The client {client} reads single texts. Received: pairs for {path} with task.client {client}",
            "Add --set task.client=null, which cuts texts as BERT does.",
        )


def refuse_pairs_of_one_input(path: Path, has_pairs: bool) -> None:
    """Refuses pairs for an artifact that has its tokenizer inside; raises UserError."""
    if has_pairs:
        raise UserError(
            f"An artifact that has its tokenizer inside reads one text. Received: pairs for {path}",
            "Give single texts, or export it with export.tokenizer=outside.",
        )


def reads_pairs(task: TaskData, examples: Any) -> bool:
    """Whether the rows of a set of a task hold two texts."""
    return kind_of(task.kind).asks_questions or getattr(examples, "second_texts", None) is not None


def say_other_texts(path: Path, own: AnyTask | None, asked: AnyTask) -> None:
    """Warns where a model of pairs is asked about single texts, or a model of single texts about pairs.

    Args:
        path: The run or artifact.
        own: What it was fine-tuned on; nothing is known about a model from elsewhere.
        asked: What it is asked about.
    """
    if own is None or isinstance(own, ImportedTask) or takes_pairs(own) == takes_pairs(asked):
        return
    was, given = ("pairs", "single texts") if takes_pairs(own) else ("single texts", "pairs")
    console.warning(f"{path} was fine-tuned on {was}, but the task that it is given now has {given}")
