"""Which client on a phone loads an artifact as it is, and why none does."""

from collections.abc import Sequence
from dataclasses import dataclass

from mbert_cli.examples.options import AnyTask
from mbert_cli.examples.task_columns import takes_pairs
from mbert_cli.figures import in_words
from mbert_cli.tasks.kinds import kind_of
from mbert_cli.tflite.clients import Client


@dataclass(frozen=True)
class ClientFit:
    """What loads an artifact.

    Attributes:
        client: The client; None where none does.
        reason: Why none does.
        hint: What to change, where that is one key or flag.
    """

    client: Client | None = None
    reason: str = ""
    hint: str = ""


def fitting_client(
    kind: str, task: AnyTask | None, lengths: Sequence[int] = (), max_length: int | None = None
) -> ClientFit:
    """The client that loads an artifact as it is.

    Args:
        kind: A key of `KINDS`.
        task: What the model was fine-tuned for.
        lengths: Tokens of each signature of the artifact.
        max_length: Rows of the model's position table; None where that is not known.
    """
    client = kind_of(kind).client
    if client is None:
        return ClientFit(reason=f"no client knows {in_words(kind)}")
    if task is not None and takes_pairs(task) and not client.asks_questions:
        return ClientFit(reason=f"{client.name} reads one text, and this model two")
    if len(lengths) > 1:
        return ClientFit(reason=f"{client.name} refuses a file of several lengths", hint="Name one --length.")
    if client.length is not None and max_length is not None and max_length < client.length:
        return ClientFit(
            reason=f"{client.name} takes rows of {client.length} tokens, and this model {max_length} at most"
        )
    if client.length is not None and lengths and lengths[0] != client.length:
        return ClientFit(
            reason=f"{client.name} takes rows of {client.length} tokens, and this artifact {lengths[0]}",
            hint=f"Set --length {client.length}.",
        )
    return ClientFit(client)
