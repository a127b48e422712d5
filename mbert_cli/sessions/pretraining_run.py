"""What `train-teacher` and `distill` share: a plan of stages over a token store becomes a complete run."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras

from mbert_cli.corpus.pretraining_batches import PretrainingBatches
from mbert_cli.corpus.store import TokenStore
from mbert_cli.figures import MASKED_WORDS
from mbert_cli.hosts.devices import own_rows, require_divisible
from mbert_cli.model.options import Architecture
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import DistillRecipe, TrainTeacherRecipe
from mbert_cli.runs.content import Contents
from mbert_cli.sessions.continuing import say_when_complete
from mbert_cli.sessions.opening import open_run
from mbert_cli.sessions.progress import train_with_progress
from mbert_cli.sessions.prolonging import PlanOf
from mbert_cli.sessions.result import finish_run, show_result, write_summary
from mbert_cli.train.engine import mean_figures
from mbert_cli.train.objective import TOTAL, Objective
from mbert_cli.train.stage import Stage
from mbert_cli.train.stage_training import Validation
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.saved_files import describe_vocabulary
from mbert_cli.weights.saved_network import save_network

TRANSFER_LOSS = "transfer_loss"
"""The score of one that does not: what the last stage minimises, on the held-out part; less is better."""


def pretrain(
    invocation: Invocation[Any],
    recipe: TrainTeacherRecipe | DistillRecipe,
    size: Architecture,
    store: TokenStore,
    network: keras.Model,
    plan_of: PlanOf,
    build: Callable[[Stage], Objective],
    contents: Contents,
    *,
    masks_text: bool = True,
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
        contents: What the inputs hold.
        masks_text: Whether words of the text are masked.
    """
    plan = plan_of(recipe)
    require_divisible(recipe.train.batch_size)
    with open_run(invocation, recipe, contents, plan_of) as run:
        if say_when_complete(run):
            return
        drawn = store, recipe.data, recipe.train.batch_size, recipe.seed
        batches = own_rows(PretrainingBatches(*drawn, masks_text=masks_text))
        held_out = own_rows(PretrainingBatches(*drawn, split="validation", masks_text=masks_text))

        def validate(objective: Objective) -> dict[str, float]:
            return mean_figures(objective, map(held_out, range(recipe.train.validation_steps)))

        figures = train_with_progress(
            plan, build, batches, options=recipe.train, run=run, seed=recipe.seed,
            validation=Validation(validate), hosts=invocation.hosts,
        )  # fmt: skip
        description = ModelDescription(
            verb=invocation.verb, size=size, vocabulary=describe_vocabulary(store.vocabulary)
        )
        known = {
            "steps": sum(stage.steps for stage in plan),
            **_score(figures),
            **_held_out_set(recipe, contents, masks_text),
            "parameters": network.count_params(),
        }

        def write(directory: Path) -> None:
            save_network(directory, network, description, store.vocabulary)
            write_summary(directory, known | figures)

        finish_run(run, network, write, invocation.hosts)
    show_result(run, figures)


def _score(figures: Mapping[str, float]) -> dict[str, object]:
    """How good the network is on the held-out part, and by what."""
    accuracy = figures.get(f"validation/{MASKED_WORDS}")
    if accuracy is not None:
        return {"score": accuracy, "score_name": MASKED_WORDS}
    return {"score": figures.get(f"validation/{TOTAL}"), "score_name": TRANSFER_LOSS}


def _held_out_set(
    recipe: TrainTeacherRecipe | DistillRecipe, contents: Contents, masks_text: bool = True
) -> dict[str, object]:
    """Which examples the score is of: the store and all that decides what is drawn from its held-out part."""
    store = sorted((file.name, file.sha256) for file in contents["data.run"].files)
    options = recipe.data.model_dump(exclude={"run", "prepare"})
    options |= {} if masks_text else {"masks_text": False}
    drawn = recipe.seed, recipe.train.batch_size, recipe.train.validation_steps
    digest = hashlib.blake2b(json.dumps([store, options, drawn]).encode(), digest_size=8)
    return {
        "set": digest.hexdigest(),
        "examples": recipe.train.batch_size * recipe.train.validation_steps,
    }
