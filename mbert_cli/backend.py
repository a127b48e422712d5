"""Which library computes: Keras reads it from the environment variable KERAS_BACKEND."""

import importlib.util
import os

from mbert_cli.errors import UserError

VARIABLE = "KERAS_BACKEND"
BACKENDS = ("tensorflow", "jax")


def require_backend() -> None:
    """Checks the chosen backend before Keras is imported.

    Raises:
        UserError: It is not one that mbert runs on, or is not installed.
    """
    chosen = os.environ.get(VARIABLE)
    if chosen and chosen not in BACKENDS:
        raise UserError(
            f"{VARIABLE} must be {' or '.join(BACKENDS)}. Received: {chosen}",
            f"Unset {VARIABLE} for TensorFlow.",
        )
    if chosen and importlib.util.find_spec(chosen) is None:
        raise UserError(
            f"The backend that {VARIABLE} names must be installed. Received: {chosen}",
            f"pip install 'mbert[{chosen}]', or unset {VARIABLE} for TensorFlow.",
        )
