"""What ends a command, and the exit code that it ends with."""

import pytest

from mbert_cli.errors import Diverged, Interrupted, RunError, UserError


@pytest.mark.parametrize(("kind", "code"), [(UserError, 2), (RunError, 1), (Diverged, 1), (Interrupted, 130)])
def test_an_error_has_a_sentence_a_hint_and_an_exit_code(kind, code):
    error = kind("The rule. Received: x", "Do this.")
    assert (error.message, error.hint, error.exit_code) == ("The rule. Received: x", "Do this.", code)
    assert str(error) == error.message
    assert kind("The rule.").hint == ""


def test_who_catches_wrong_input_catches_them_all():
    assert all(issubclass(kind, UserError) for kind in (RunError, Diverged, Interrupted))
    assert issubclass(Diverged, RunError)
