"""Training as a person sees it on the terminal."""

from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import Path

from mbert_cli import console
from mbert_cli.display import Display
from mbert_cli.hosts.joining import ALONE, Hosts
from mbert_cli.runs.directory import RunDir
from mbert_cli.runs.listing import checkpoint_steps
from mbert_cli.text.batch import Batch
from mbert_cli.train.checkpoint import has_optimizer
from mbert_cli.train.engine import train
from mbert_cli.train.objective import Objective
from mbert_cli.train.options import TrainOptions
from mbert_cli.train.stage import Stage
from mbert_cli.train.stage_training import Validation


def train_with_progress(
    plan: Sequence[Stage],
    build: Callable[[Stage], Objective],
    batch_at: Callable[[int], Batch],
    *,
    options: TrainOptions,
    run: RunDir,
    seed: int,
    validation: Validation | None = None,
    watch: Callable[[int], object] | None = None,
    observe: Callable[[Display], Display] = lambda display: display,
    hosts: Hosts = ALONE,
) -> dict[str, float]:
    """`engine.train`, shown on the terminal from where the run stands.

    Args: those of `engine.train`, and
        observe: The display of the terminal -> one that is told in its place.
    """
    total = sum(stage.steps for stage in plan)
    start = max(checkpoint_steps(run.path), default=0)

    def resumed(checkpoint: Path, step: int) -> None:
        console.info(f"{run.path} continues after step {step:,} of {total:,}")
        if step not in accumulate(stage.steps for stage in plan) and not has_optimizer(checkpoint):
            console.warning(f"{checkpoint} was written without the state of the optimizer, which begins anew")

    with console.progress(total, run.kind, start) as progress:
        return train(
            plan,
            build,
            batch_at,
            options=options,
            run=run,
            seed=seed,
            validation=validation,
            watch=watch,
            progress=observe(progress),
            warn=console.warning,
            resumed=resumed,
            hosts=hosts,
        )
