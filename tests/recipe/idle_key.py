"""What a person is told who sets a key that would change nothing."""

import pytest

from mbert_cli.errors import UserError
from mbert_cli.recipe.loading import load


def refusal(verb: str, settings: list[str]) -> tuple[str, str]:
    """The message and the hint that settings are refused with."""
    with pytest.raises(UserError) as error:
        load(verb, settings=settings)
    return error.value.message, error.value.hint


def no_effect(key: str, why: str) -> tuple[str, str]:
    """The message and the hint for a key that `--set` gives, with the end of the sentence."""
    return f"--set: {key} has no effect {why}", f"`mbert recipe explain {key}` tells more about it."
