"""What is asked of those who trace a text: texts that are not blank, and layers that every model has."""

from collections.abc import Iterable, Sequence

from mbert_cli.errors import UserError
from mbert_cli.weights.saved_model import RunModel


def require_traced_texts(*texts: str | None) -> None:
    """Checks the texts to trace; None is one that was not given.

    Raises:
        UserError: One is blank.
    """
    if any(text is not None and not text.strip() for text in texts):
        raise UserError("A text to trace must not be blank. Received: a blank one", "Give --text TEXT.")


def require_layers(layers: Sequence[int], models: Iterable[RunModel]) -> None:
    """Checks that every model has the blocks that are to be drawn.

    Args:
        layers: Blocks, from 0.
        models: The models.

    Raises:
        UserError: A model lacks one.
    """
    for model in models:
        count = model.description.size.num_layers
        if any(not 0 <= layer < count for layer in layers):
            raise UserError(
                f"The layers of {model.path} are 0 to {count - 1}. Received: {', '.join(map(str, layers))}",
                "Choose others with --layer.",
            )
