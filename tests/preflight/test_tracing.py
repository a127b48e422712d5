"""What is asked of those who trace a text."""

import pytest

from mbert_cli.errors import UserError
from mbert_cli.preflight.tracing import require_traced_texts


def test_a_blank_text_is_refused_and_one_that_was_not_given_is_not():
    require_traced_texts("it rains", None)
    for texts in ((" ", None), ("it rains", "\n")):
        with pytest.raises(UserError) as caught:
            require_traced_texts(*texts)
        assert caught.value.message == "A text to trace must not be blank. Received: a blank one"
