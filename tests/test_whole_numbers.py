"""Numbers after flags get the one sentence that every wrong input gets."""

import pytest

from mbert_cli.errors import UserError
from mbert_cli.whole_numbers import whole_number


@pytest.mark.parametrize(("typed", "read"), [("128", 128), ("0", 0), ("-3", -3)])
def test_a_whole_number_is_read(typed, read):
    assert whole_number("--length", 128)(typed) == read


@pytest.mark.parametrize("typed", ["abc", "1.5", "", "64,128"])
def test_what_is_no_whole_number_is_refused_with_the_flag_and_an_example(typed):
    with pytest.raises(UserError) as caught:
        whole_number("--length", 128)(typed)
    assert caught.value.message == f"--length must be a whole number. Received: {typed}"
    assert caught.value.hint == "Give --length 128, for instance."
