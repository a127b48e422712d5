"""The export and bench sections of a recipe."""

import pytest

from mbert_cli.errors import UserError
from mbert_cli.recipe.loading import load


def test_lengths_are_sorted():
    recipe = load("export-tflite", "quickstart", ["export.sequence_length=[128, 32, 64]"]).recipe
    assert recipe.export.sequence_length == [32, 64, 128]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("[]", " must be a whole number of 4 or more, a list of these, or null. Received: []"),
        ("[2, 64]", " must be a whole number of 4 or more, a list of these, or null. Received: [2, 64]"),
        ("[64, 32, 64]", " must name each length once. Received: 64, 32, 64"),
    ],
)
def test_lengths_that_no_artifact_has_are_refused(value, message):
    with pytest.raises(UserError) as caught:
        load("export-tflite", "quickstart", [f"export.sequence_length={value}"])
    assert caught.value.message == f"--set: export.sequence_length{message}"


def test_cores_of_a_phone_are_a_mask():
    assert load("bench", "quickstart", ["bench.affinity=f0"]).recipe.bench.affinity == "f0"
    with pytest.raises(UserError) as caught:
        load("bench", "quickstart", ["bench.affinity=4-7"])
    assert caught.value.message == (
        "--set: bench.affinity must be a mask in hexadecimal figures, such as f0. Received: 4-7"
    )
