"""What becomes of pairs where one row of segments stands for both texts."""

from typing import Any

from mbert_cli import console
from mbert_cli.data.examples import TaskData
from mbert_cli.model.options import ModelSize


def say_single_segment(size: ModelSize, has_pairs: bool) -> None:
    """Says that both texts of a pair get the only row of segments; `transformers` refuses such pairs.

    Args:
        size: The encoder.
        has_pairs: Whether it reads pairs.
    """
    if has_pairs and size.num_segments == 1:
        console.warning(
            "The model has one row of segments: both texts of a pair get it, and [SEP] alone tells them apart"
        )


def reads_pairs(task: TaskData, examples: Any) -> bool:
    """Whether the rows of a set of a task hold two texts."""
    return task.kind == "question_answering" or getattr(examples, "second_texts", None) is not None
