"""Lets a run continue for more steps or epochs than it was begun with."""

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from mbert_cli import console
from mbert_cli.corpus.contents import growing_keys
from mbert_cli.errors import UserError
from mbert_cli.recipe.contents import input_contents, with_recorded_runs
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.records import completed
from mbert_cli.runs.complete import Run
from mbert_cli.runs.content import Contents
from mbert_cli.runs.identity import Changes, Growth, compare_with_run
from mbert_cli.runs.listing import FINAL, checkpoint_steps, is_run, recorded_recipe, state_of
from mbert_cli.section import Section
from mbert_cli.train.stage import Stage

GROWING = {
    "train-teacher": ("train.steps",),
    "distill": ("distill.transfer_steps", "distill.pretraining_steps", "distill.steps"),
    "distill-task": ("train.epochs", "train.max_steps"),
    "finetune": ("train.epochs", "train.max_steps"),
}
"""The recipe keys of each kind of run whose increase continues it."""

LAST = {"distill": "distill.pretraining_steps", "distill-task": "train.epochs"}
"""The key of the last stage, for kinds of runs with several stages."""

PlanOf = Callable[[Any], Sequence[Stage]]
"""Recipe -> the stages that it trains through."""


def growth_of(
    kind: str,
    recipe: Section,
    plan_of: PlanOf,
    path: Path,
    say: Callable[[str], None] = console.info,
) -> Growth:
    """How a run may become longer: where no stage that it has left behind would take more steps.

    Args:
        kind: What kind of run it is: the verb, or `distill-task`.
        recipe: Its recipe, with the inputs resolved.
        plan_of: The plan of a recipe.
        path: The run directory.
        say: Told what becomes longer.
    """

    def takes_effect(changes: Changes) -> bool:
        before = plan_of(_with(recipe, {key: old for key, (old, _) in changes.items()}))
        after = plan_of(recipe)
        if _lengths(before) == _lengths(after):
            return False
        step = _reached(path)
        _require_open(kind, before, after, step, changes, path)
        say(_describe(before, after, step, changes, path))
        return True

    return Growth(GROWING[kind], takes_effect)


def require_same_run(
    path: Path,
    kind: str,
    recipe: Section,
    inputs: Mapping[str, Run] | None = None,
    plan_of: PlanOf | None = None,
) -> Contents:
    """Checks before anything is loaded that a command may continue the run in a directory.

    Runs that the recipe does not name are those that the run recorded.

    Args:
        path: The directory of a run.
        kind: What kind of run the command makes.
        recipe: Its recipe, in which nothing but runs is left open.
        inputs: The runs that it works on as far as they were opened, by key.
        plan_of: The plan of a recipe, where it is known; which stages more steps may lengthen is looked at then.

    Returns:
        What its inputs hold.

    Raises:
        UserError: The run is of another recipe, began with other inputs, or would become shorter, or longer in a
            stage that is over.
    """
    recorded, recipe = completed(recorded_recipe(path), recipe), with_recorded_runs(recipe, path)
    plain = json.loads(json.dumps(recipe.model_dump(), default=dict))
    contents = input_contents(recipe, path, inputs)
    if plan_of is not None:
        growth = growth_of(kind, recipe, plan_of, path, say=lambda text: None)
    else:
        is_search = plain.get("search") is not None
        keys = () if is_search else GROWING.get(kind, ())
        corpus = getattr(recipe, "corpus", None)
        growth = Growth(keys, lambda changes: True, growing_keys(corpus) if corpus else ())
    compare_with_run(path, kind, (recorded, plain), contents, growth)
    return contents


def say_continuation(invocation: Invocation[Any], recipe: Section, plan_of: PlanOf) -> None:
    """Says for a dry run whether a run that is in the directory is complete, or where and for how long it continues.

    Args:
        invocation: The command.
        recipe: Its recipe, with the inputs resolved.
        plan_of: The plan of a recipe.

    Raises:
        UserError: It cannot continue for more steps.
    """
    path, kind = invocation.directory, invocation.kind
    if invocation.fresh or not is_run(path):
        return
    recorded, plain = recorded_recipe(path), recipe.model_dump()
    both = {key: (_value(recorded, key), _value(plain, key)) for key in GROWING[kind]}
    changes = {key: values for key, values in both.items() if values[0] != values[1]}
    is_longer = bool(changes) and growth_of(kind, recipe, plan_of, path).takes_effect(changes)
    steps = checkpoint_steps(path)
    if not is_longer and state_of(path) == "complete":
        console.info(f"{path} is complete already")
    elif steps:
        console.info(f"{path} continues after step {steps[-1]:,}")


def _value(values: Mapping[str, Any], key: str) -> object:
    section, _, field = key.partition(".")
    return (values.get(section) or {}).get(field)


def _reached(path: Path) -> int:
    """Steps of the newest checkpoint; 0 without one.

    Raises:
        UserError: The run is finished, and has none.
    """
    steps = checkpoint_steps(path)
    if not steps and (path / FINAL).is_dir():
        raise UserError(
            f"A finished run continues for more steps from its last checkpoint. Received: {path} without one",
            "`--fresh` moves it aside and begins anew, `--run DIR` uses another directory.",
        )
    return steps[-1] if steps else 0


def _require_open(
    kind: str, before: Sequence[Stage], after: Sequence[Stage], step: int, changes: Changes, path: Path
) -> None:
    """Checks that the run has not left a stage behind that would take more steps."""
    ends = accumulate(stage.steps for stage in before)
    for old, new, end in zip(before, after, ends, strict=True):
        is_over = step > end or (step == end and old is not before[-1])
        if is_over and old.steps != new.steps:
            asked = ", ".join(f"{key} {now:,}" for key, (_, now) in changes.items())
            raise UserError(
                f"A stage that is over takes no more steps. Received: {asked} for {path}, which is at step "
                f"{step:,} and has done the {old.steps:,} steps of {old.name}",
                f"More {LAST.get(kind, GROWING[kind][0])} lengthen the last stage; `--run DIR` begins another run.",
            )


def _describe(
    before: Sequence[Stage], after: Sequence[Stage], step: int, changes: Changes, path: Path
) -> str:
    """Says what becomes longer, and which shape the learning rate takes."""
    grown = ", ".join(f"{key} {_count(now)} instead of {_count(old)}" for key, (old, now) in changes.items())
    total = sum(_lengths(after))
    return (
        f"{path} continues for more steps, {total:,} instead of {sum(_lengths(before)):,}: {grown}"
        + _shape(before, after, step)
    )


def _shape(before: Sequence[Stage], after: Sequence[Stage], step: int) -> str:
    """How the learning rate of the longer stage continues, if the run stands in that stage."""
    starts = accumulate((stage.steps for stage in before[:-1]), initial=0)
    for old, new, start in zip(before, after, starts, strict=True):
        done = step - start
        if old.steps != new.steps and 0 < done <= old.steps:
            schedule, is_rising = new.schedule, done < new.schedule.warmup_steps
            rises = f", rises to {schedule.peak:g} at step {start + schedule.warmup_steps:,}" * is_rising
            return (
                f". The rate was {old.schedule.at(done - 1):.3g} at step {step:,}; by the schedule over "
                f"{new.steps:,} steps it is {schedule.at(done):.3g} at the next one{rises} and goes linearly to "
                f"{schedule.peak * schedule.final:.3g} at step {start + new.steps:,}"
            )
    return ""


def _count(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else "none"


def _lengths(plan: Sequence[Stage]) -> list[int]:
    return [stage.steps for stage in plan]


def _with(recipe: Section, values: dict[str, object]) -> Section:
    """The recipe with other values of some keys of its sections."""
    for key, value in values.items():
        section, _, field = key.partition(".")
        inner = getattr(recipe, section).model_copy(update={field: value})
        recipe = recipe.model_copy(update={section: inner})
    return recipe
