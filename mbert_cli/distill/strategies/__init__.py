"""The strategies of knowledge transfer by name, each a function that returns the list of its stages."""

from collections.abc import Callable, Sequence

from mbert_cli.distill.options import DistillOptions
from mbert_cli.distill.strategies.auxiliary import auxiliary
from mbert_cli.distill.strategies.joint import joint
from mbert_cli.distill.strategies.progressive import progressive
from mbert_cli.train.options import OptimizerOptions
from mbert_cli.train.stage import Stage

Strategy = Callable[[DistillOptions, Sequence[int], OptimizerOptions], list[Stage]]
"""Options, the teacher's place for each place of the student from 0 on (see `Comparison`), optimizer -> stages."""

STRATEGIES: dict[str, Strategy] = {"progressive": progressive, "joint": joint, "auxiliary": auxiliary}
