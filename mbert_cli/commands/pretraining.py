"""What `train-teacher` and `distill` share: a plan of stages over a token store becomes a complete run."""

import hashlib
import json
from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import Path

import keras

from mbert_cli import console
from mbert_cli.commands.input_contents import input_contents, say_what_moved
from mbert_cli.commands.prolonging import PlanOf, growth_of
from mbert_cli.corpus.pretraining_batches import PretrainingBatches
from mbert_cli.corpus.store import TokenStore
from mbert_cli.figures import show_figure
from mbert_cli.model.options import Architecture
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import DistillRecipe, FinetuneRecipe, TrainTeacherRecipe
from mbert_cli.runs.artifacts import exported, is_outdated
from mbert_cli.runs.content import Contents
from mbert_cli.runs.directory import RunDir
from mbert_cli.runs.listing import SUMMARY, checkpoint_steps
from mbert_cli.runs.origin import collect_origin
from mbert_cli.runs.tensorboard import require_tensorboard
from mbert_cli.train.checkpoint import has_optimizer
from mbert_cli.train.engine import Display, evaluate, train
from mbert_cli.train.objective import Objective
from mbert_cli.train.stage import Stage
from mbert_cli.weights.description import ModelDescription, SetDescription
from mbert_cli.weights.saved_files import describe_vocabulary
from mbert_cli.weights.saved_network import save_network

SCORE = "masked_language_model_accuracy"


def pretrain(
    invocation: Invocation,
    recipe: TrainTeacherRecipe | DistillRecipe,
    size: Architecture,
    store: TokenStore,
    network: keras.Model,
    plan_of: PlanOf,
    build: Callable[[Stage], Objective],
) -> None:
    """Trains a pre-training network through the stages and writes `final/`.

    Args:
        invocation: The command.
        recipe: Its recipe, with the inputs resolved.
        size: The network's architecture.
        store: The token store.
        network: Takes part in every objective that `build` returns; its weights are the result.
        plan_of: The stages of a recipe, in order.
        build: Stage -> what the stage minimises.
    """
    plan, contents = plan_of(recipe), input_contents(recipe)
    with open_run(invocation, recipe, contents, plan_of) as run:
        if say_when_complete(run):
            return
        batches = PretrainingBatches(store, recipe.data, recipe.train.batch_size, recipe.seed)
        held_out = PretrainingBatches(
            store, recipe.data, recipe.train.batch_size, recipe.seed, split="validation"
        )

        def validate(objective: Objective) -> dict[str, float]:
            return evaluate(objective, map(held_out, range(recipe.train.validation_steps)))

        figures = train_with_progress(
            plan, build, batches, options=recipe.train, run=run, seed=recipe.seed, validate=validate
        )
        description = ModelDescription(
            verb=invocation.verb, size=size, vocabulary=describe_vocabulary(store.vocabulary)
        )
        known = {
            "steps": sum(stage.steps for stage in plan),
            "score": figures.get(f"validation/{SCORE}"),
            "score_name": SCORE,
            **_held_out_set(recipe, contents),
            "parameters": network.count_params(),
        }

        def write(directory: Path) -> None:
            save_network(directory, network, description, store.vocabulary_file)
            write_summary(directory, known | figures)

        run.finish(write)
    show_result(run, figures)


def _held_out_set(recipe: TrainTeacherRecipe | DistillRecipe, contents: Contents) -> dict[str, object]:
    """Which examples the score is of: the store and all that decides what is drawn from its held-out part."""
    store = sorted((file.name, file.sha256) for file in contents["data.run"].files)
    options = recipe.data.model_dump(exclude={"run", "prepare"})
    drawn = recipe.seed, recipe.train.batch_size, recipe.train.validation_steps
    digest = hashlib.blake2b(json.dumps([store, options, drawn]).encode(), digest_size=8)
    return {
        "set": digest.hexdigest(),
        "examples": recipe.train.batch_size * recipe.train.validation_steps,
    }


def train_with_progress(
    plan: Sequence[Stage],
    build: Callable[[Stage], Objective],
    batches: Callable,
    *,
    run: RunDir,
    observe: Callable[[Display], Display] = lambda display: display,
    **settings: object,
) -> dict[str, float]:
    """`engine.train`, shown on the terminal from where the run stands.

    Args: those of `engine.train`, and
        observe: The display of the terminal -> one that is told in its place.
    """
    total = sum(stage.steps for stage in plan)
    start = max(checkpoint_steps(run.path), default=0)

    def resumed(checkpoint: Path, step: int) -> None:
        console.info(f"{run.path} goes on after step {step:,} of {total:,}")
        if step not in accumulate(stage.steps for stage in plan) and not has_optimizer(checkpoint):
            console.warning(f"{checkpoint} was written without the state of the optimizer, which begins anew")

    with console.progress(total, run.verb, start) as progress:
        return train(
            plan,
            build,
            batches,
            run=run,
            progress=observe(progress),
            warn=console.warning,
            resumed=resumed,
            **settings,
        )


def open_run(
    invocation: Invocation,
    recipe: TrainTeacherRecipe | DistillRecipe | FinetuneRecipe,
    contents: Contents,
    plan_of: PlanOf | None = None,
) -> RunDir:
    """Begins or continues the run that the command writes.

    Args:
        invocation: The command.
        recipe: Its recipe, with the inputs resolved.
        contents: What the inputs hold.
        plan_of: The stages of a recipe, where a run may go on for more steps than it was begun with.
    """
    if recipe.train.tensorboard:
        require_tensorboard()
    path, verb = Path(invocation.run), invocation.verb
    run = RunDir.open(
        path,
        verb,
        recipe.model_dump(),
        fresh=invocation.fresh,
        origin=collect_origin(seed=recipe.seed, backend=keras.backend.backend(), device=_device()),
        contents=contents,
        growth=plan_of and growth_of(verb, recipe, plan_of, path),
    )
    say_what_moved(run)
    return run


def say_when_complete(run: RunDir) -> bool:
    """Whether there is nothing left to do, which is then said."""
    if run.is_complete:
        console.info(f"{run.path} is complete already; --fresh moves it aside and begins anew")
    return run.is_complete


def write_summary(directory: Path, figures: dict[str, object]) -> None:
    """Writes the flat figures that `mbert runs` shows."""
    (directory / SUMMARY).write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def show_result(run: RunDir, figures: dict[str, float]) -> None:
    """Prints the final figures, the set that they are of, and where the result lies."""
    rows = [(name, show_figure(name, value)) for name, value in figures.items()]
    summary = json.loads((run.final / SUMMARY).read_text(encoding="utf-8"))
    validated = SetDescription.of(summary)
    on = f", validated on {validated}" if validated else ""
    console.table(f"{run.verb}: {run.path}{on}", ["figure", "value"], rows)
    for artifact in exported(run.path):
        if is_outdated(run.path, artifact):
            console.info(
                f"{artifact} is of an earlier result; `mbert export-tflite {run.path}` makes it anew"
            )


def _device() -> str:
    kinds = sorted({device.split(":")[0] for device in keras.distribution.list_devices()})
    return ", ".join(kinds)
