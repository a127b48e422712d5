"""The strategies of knowledge transfer by name: what each trains through, and which heads its student has."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mbert_cli.distill.strategies.auxiliary import auxiliary
from mbert_cli.distill.strategies.distilbert import distilbert
from mbert_cli.distill.strategies.general import general
from mbert_cli.distill.strategies.joint import joint
from mbert_cli.distill.strategies.progressive import progressive
from mbert_cli.train.options import OptimizerOptions
from mbert_cli.train.stage import Stage


@dataclass(frozen=True)
class Strategy:
    """A strategy that reads a token store.

    Attributes:
        stages: Its own options, the teacher's place for each of the student's from 0 on (see `Comparison`), optimizer
            -> its stages.
        heads: The heads of pre-training that its student has; without any the student is an encoder.
    """

    stages: Callable[[Any, Sequence[int], OptimizerOptions], list[Stage]]
    heads: tuple[str, ...] = ("masked_language_model", "next_sentence")


STRATEGIES = {
    "progressive": Strategy(progressive),
    "joint": Strategy(joint),
    "auxiliary": Strategy(auxiliary),
    "general": Strategy(general, heads=()),
    "distilbert": Strategy(distilbert, heads=("masked_language_model",)),
}
