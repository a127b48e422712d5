"""The strategies of knowledge transfer by name, each a function that returns the list of its stages."""

from collections.abc import Callable, Sequence
from typing import Any

from mbert_cli.distill.strategies.auxiliary import auxiliary
from mbert_cli.distill.strategies.joint import joint
from mbert_cli.distill.strategies.progressive import progressive
from mbert_cli.train.options import OptimizerOptions
from mbert_cli.train.stage import Stage

Strategy = Callable[[Any, Sequence[int], OptimizerOptions], list[Stage]]
"""Its own options, the teacher's place for each of the student's from 0 on (see `Comparison`), optimizer -> stages."""

STRATEGIES: dict[str, Strategy] = {"progressive": progressive, "joint": joint, "auxiliary": auxiliary}
