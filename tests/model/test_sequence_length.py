"""A sequence fits the position table, or is refused."""

import pytest

from mbert_cli.errors import UserError
from mbert_cli.model.options import SIZES
from mbert_cli.model.sequence_length import require_length


def test_a_sequence_may_be_as_long_as_the_position_table():
    require_length(512, SIZES["mobilebert"])


def test_a_longer_sequence_is_refused():
    with pytest.raises(UserError) as refused:
        require_length(513, SIZES["mobilebert"])
    assert refused.value.message == (
        "A sequence can have at most 512 tokens, the rows of the model's position table. "
        "Received: sequence_length 513"
    )
    assert refused.value.hint == (
        "Set it to 512 or less; a model of your own gets more rows with "
        "`mbert train-teacher --set model.changes.max_length=513`."
    )
