"""The search section of a recipe."""

import pytest

from mbert_cli.errors import UserError
from mbert_cli.recipe.loading import load


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (
            "search.learning_rate=[]",
            "search.learning_rate must be a list of numbers above 0, at least 1 of them, or null. Received: []",
        ),
        (
            "search.learning_rate=[-0.5]",
            "search.learning_rate must be a list of numbers above 0, at least 1 of them, or null. Received: [-0.5]",
        ),
        ("search.learning_rate=[1e-4, 0.0001]", "search.learning_rate: values must be distinct. Received: 0.0001, 0.0001"),
        ("search.max_trials=3", "search: learning_rate, batch_size, epochs or seed must list what is tried"),
        ("search={seed: [0, 1, 2], max_trials: 2}", "search: max_trials (2) must be at least the number of seeds (3)"),
    ],
)  # fmt: skip
def test_a_search_with_a_mistake_is_refused(setting, message):
    with pytest.raises(UserError) as error:
        load("finetune", "quickstart", [setting])
    assert error.value.message == f"--set: {message}"
