"""What a work counts."""

from mbert_cli.display import MEGABYTES, STEPS


def test_steps_are_counted_one_by_one_and_bytes_in_megabytes():
    assert (STEPS.show(12_345), STEPS.name) == ("12,345", "")
    assert (MEGABYTES.show(1_234_567_890), MEGABYTES.name) == ("1,234.6", "MB")
    assert MEGABYTES.show(0) == "0.0"
