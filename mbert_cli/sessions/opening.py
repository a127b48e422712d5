"""The run that a command writes: begun or continued, with what is said about that."""

import time
from pathlib import Path
from typing import Any

import keras

from mbert_cli.errors import UserError
from mbert_cli.hosts.joining import Hosts
from mbert_cli.hosts.together import first_does, tell_all
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.records import completed
from mbert_cli.recipe.schema import DistillRecipe, FinetuneRecipe, TaskDistillRecipe, TrainTeacherRecipe
from mbert_cli.runs.content import Contents
from mbert_cli.runs.directory import RunDir
from mbert_cli.runs.followed import FollowedRun
from mbert_cli.runs.identity import PLACES
from mbert_cli.runs.listing import is_run
from mbert_cli.runs.origin import collect_origin
from mbert_cli.sessions.continuing import say_what_moved
from mbert_cli.sessions.prolonging import PlanOf, growth_of

SEEN_SECONDS = 70
"""After so long NFS looks again for what was not there, by default within 60."""


def open_run(
    invocation: Invocation[Any],
    recipe: TrainTeacherRecipe | DistillRecipe | TaskDistillRecipe | FinetuneRecipe,
    contents: Contents,
    plan_of: PlanOf | None = None,
) -> RunDir:
    """Begins or continues the run that the command writes; of several hosts, the first does for all.

    Args:
        invocation: The command.
        recipe: Its recipe, with the inputs resolved.
        contents: What the inputs hold.
        plan_of: The stages of a recipe, where a run may continue for more steps than it was begun with.
    """
    path, hosts = invocation.directory, invocation.hosts
    opened: list[RunDir] = []

    def open_it() -> bool:
        opened.append(_own_run(invocation, recipe, contents, plan_of))
        return opened[0].is_complete

    is_complete = first_does(hosts, open_it)
    plain = recipe.model_dump(exclude=set(PLACES))
    (run,) = opened or [FollowedRun(path, invocation.kind, plain, is_complete)]
    _require_seen(run, hosts)
    return run


def _own_run(
    invocation: Invocation[Any],
    recipe: TrainTeacherRecipe | DistillRecipe | TaskDistillRecipe | FinetuneRecipe,
    contents: Contents,
    plan_of: PlanOf | None,
) -> RunDir:
    path, kind = invocation.directory, invocation.kind
    run = RunDir.open(
        path,
        kind,
        recipe.model_dump(exclude=set(PLACES)),
        fresh=invocation.fresh,
        origin=collect_origin(seed=recipe.seed, backend=keras.backend.backend(), device=_device()),
        contents=contents,
        complete=lambda recorded: completed(recorded, recipe),
        growth=plan_of and growth_of(kind, recipe, plan_of, path),
    )
    say_what_moved(run)
    return run


def _require_seen(run: RunDir, hosts: Hosts) -> None:
    """All read the checkpoints that the first host writes."""
    blind = [index for index, sees in enumerate(tell_all(hosts, _sees(run.path))) if not sees]
    if not blind:
        return
    with run:  # which takes back what it has begun
        raise UserError(
            f"All hosts must see the run directory. Received: {run.path}, which host {blind[0]} "
            f"({hosts.names[blind[0]]}) does not see",
            "Write to a folder that all hosts share with `--run DIR`.",
        )


def _sees(path: Path) -> bool:
    """Whether a run that is there is seen here, as soon as a disk of a network shows it."""
    deadline = time.monotonic() + SEEN_SECONDS
    while not is_run(path):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)
    return True


def _device() -> str:
    kinds = sorted({device.split(":")[0] for device in keras.distribution.list_devices()})
    return ", ".join(kinds)
