"""Whose way of cutting texts a command takes, where it chooses another than the model's."""

from dataclasses import replace
from typing import Any, TypeVar

from mbert_cli import console
from mbert_cli.errors import UserError
from mbert_cli.examples.options import AnyTask
from mbert_cli.examples.task_columns import client_of
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.tasks.model import TaskModel
from mbert_cli.tasks.row_length import NOT_CHOSEN
from mbert_cli.weights.saved_model import SavedModel

CLIENT_KEY = "task.client"

Saved = TypeVar("Saved", bound=SavedModel)


def with_chosen_client(model: TaskModel, invocation: Invocation[Any]) -> TaskModel:
    """The model with texts cut as the command says: `null` chooses BERT's own way for one of a client.

    Raises:
        UserError: It is an artifact that cuts texts itself, and not so.
    """
    if invocation.loaded.origins.get(CLIENT_KEY) in NOT_CHOSEN:
        return model
    client = client_of(invocation.recipe.task)
    if client is not None and model.keeps_texts:
        raise UserError(
            "With its tokenizer inside an artifact cuts texts itself, as BERT does. "
            f"Received: {CLIENT_KEY} {client} for {model.path}",
            f"Leave {CLIENT_KEY} out, or name the run or an artifact that takes token ids.",
        )
    return replace(model, client=client)


def say_other_cutting(saved: SavedModel, options: AnyTask) -> None:
    """Warns where a model that is learned from, or gone on from, knows texts cut in another way than a task has them.

    Args:
        saved: The model; nothing is said of one that has learned no task.
        options: The task's recipe section.
    """
    own = saved.description.task
    if own is not None and client_of(own) != client_of(options):
        was, now = (client or "BERT" for client in (client_of(own), client_of(options)))
        console.warning(
            f"{saved.path} was fine-tuned on texts cut as by {was}; here they are cut as by {now}"
        )


def with_recorded_client(saved: Saved, client: str | None) -> Saved:
    """The saved model with that way of cutting texts in its description, which an artifact of it then takes."""
    own = saved.description.task
    if own is None or client_of(own) == client:
        return saved
    task = own.model_copy(update={"client": client})
    return replace(saved, description=saved.description.model_copy(update={"task": task}))
