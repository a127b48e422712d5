"""What tests of verbs share."""

from collections.abc import Callable

import pytest


@pytest.fixture
def recipe_command(run) -> Callable[..., tuple[int, list[str], str]]:
    """Runs `mbert recipe`: its exit code, its lines with single blanks, and what it said."""

    def recipe_command(*words: str) -> tuple[int, list[str], str]:
        code, out, err = run("recipe", *words)
        return code, [" ".join(line.split()) for line in out.splitlines()], err

    return recipe_command
