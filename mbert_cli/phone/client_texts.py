"""What it costs that a client on phones cuts texts by itself: how many otherwise, and what that does to the score."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mbert_cli.figures import counted
from mbert_cli.phone.reference import Reference
from mbert_cli.tflite.clients import Client


@dataclass(frozen=True)
class ClientTexts:
    """How a client reads the texts that artifacts are verified on.

    Attributes:
        client: Its name.
        cutting: Its way of cutting texts, a value of `task.client`.
        texts: How many there are.
        cut_otherwise: How many it cuts into other tokens than the run was scored on, as far as rows hold them.
        answers_that_differ: How many of these are answered differently.
        metric: The score on what the client reads, 0 to 1.
        metric_loss: By how much the run's own score is higher; below 0 where the client's way is better by chance.
    """

    client: str
    cutting: str
    texts: int
    cut_otherwise: int
    answers_that_differ: int
    metric: float
    metric_loss: float

    def record(self) -> dict[str, Any]:
        """For report.json."""
        return asdict(self)

    def sentence(self, score_name: str, is_tuned: bool, can_be_tuned: bool = True) -> str:
        """For the terminal.

        Args:
            score_name: What the score is.
            is_tuned: Whether the run was fine-tuned on texts cut as the client cuts them.
            can_be_tuned: Whether a fine-tuning here makes such a model.
        """
        shown = f"{self.client} cuts {self.cut_otherwise} of {counted(self.texts, 'text')} otherwise"
        if not self.cut_otherwise:
            return f"{shown} than the run" + (", which was fine-tuned for it" if is_tuned else "")
        told = (
            f"{shown} than the run and answers {self.answers_that_differ} of them differently: "
            f"{100 * self.metric:.2f} % {score_name} there, {100 * self.metric_loss:+.2f} points lost"
        )
        advice = f". `mbert finetune --client {self.cutting}` fine-tunes on texts that are cut so"
        return told + (advice if can_be_tuned else "")


def read_as_client(reference: Reference, client: Client) -> ClientTexts | None:
    """Compares the client's tokens with the run's, and runs the run on those that differ.

    Returns:
        None where rows are windows of longer texts, which a client does not read.
    """
    if not reference.head.is_pooled:
        return None
    places, outputs = reference.cut_as(client.cutting)
    return ClientTexts(
        client=client.name,
        cutting=client.cutting,
        texts=len(outputs),
        cut_otherwise=len(places),
        answers_that_differ=int(np.sum(reference.differ(outputs))),
        metric=reference.score(outputs),
        metric_loss=reference.score(reference.outputs) - reference.score(outputs),
    )
