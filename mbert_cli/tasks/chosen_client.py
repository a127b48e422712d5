"""Whose way of cutting texts a command takes, where it chooses another than the model's."""

from dataclasses import replace
from typing import Any

from mbert_cli.examples.task_columns import client_of
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.tasks.model import TaskModel
from mbert_cli.tasks.row_length import NOT_CHOSEN

CLIENT_KEY = "task.client"


def with_chosen_client(model: TaskModel, invocation: Invocation[Any]) -> TaskModel:
    """The model with texts cut as the command says: `null` chooses BERT's own way for one of a client."""
    if invocation.loaded.origins.get(CLIENT_KEY) in NOT_CHOSEN:
        return model
    return replace(model, client=client_of(invocation.recipe.task))
