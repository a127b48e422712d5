"""How long a sequence may be for an encoder."""

from mbert_cli.errors import UserError
from mbert_cli.model.options import Architecture


def require_length(sequence_length: int, size: Architecture, key: str = "sequence_length") -> None:
    """Checks that a sequence fits the position table.

    Args:
        sequence_length: Tokens of one example.
        size: The encoder.
        key: The key of the recipe that says so.

    Raises:
        UserError: The sequence is longer than the table.
    """
    if sequence_length > size.max_length:
        raise UserError(
            f"A sequence can have at most {size.max_length} tokens, the rows of the model's position table. "
            f"Received: {key} {sequence_length}",
            f"Set it to {size.max_length} or less; a model of your own gets more rows with "
            f"`mbert train-teacher --set model.changes.max_length={sequence_length}`.",
        )
