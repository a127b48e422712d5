"""Which parts of a docstring are prose."""

import subprocess
import sys

import pytest

from mbert_cli.corpus import docstrings
from mbert_cli.corpus.docstrings import prose_of_docstring, prose_of_source

DOCSTRING = """Sort the elements of an array along the given axis, in place.

    The sort is not guaranteed to be *stable*, so that equal elements may
    change places; see :func:`~package.argsort` or [the guide](https://example.org/x) for
    an ``order`` that is stable [1]_.

    Parameters
    ----------
    axis : int, optional
        Axis along which the elements are sorted; the last one is the default here.
    kind : {'quicksort', 'mergesort'}
        Short text.

    Args:
      name: A name which is written in lower case and explained at some length.

    Example of the usage, which is a line that ends with two colons::

        This Looks Like A Sentence But it is indented below the code mark.

    Some more words that come after the code, and they are a sentence again.

    .. note::
        What is below a directive is left out, even when it is a sentence.

    >>> This is a doctest and not a sentence, although it ends with a full stop.

    ```python
    This line stands between two fences and is code as far as we know it.
    ```

    =====  =====================================================================
    Name   The cells of a table are no sentences and so they are all left out.
    =====  =====================================================================

    - A list item is no paragraph, however many words it may happen to have.

    The call f(a, b) = x[0] + y{1} has too few words between all of its symbols.

    Too short a text.
    """


def test_prose_is_kept_and_everything_else_left_out():
    assert prose_of_docstring(DOCSTRING) == [
        "Sort the elements of an array along the given axis, in place.",
        (
            "The sort is not guaranteed to be *stable*, so that equal elements may change places; see "
            "package.argsort or the guide for an order that is stable."
        ),
        "Axis along which the elements are sorted; the last one is the default here.",
        "Some more words that come after the code, and they are a sentence again.",
    ]


def test_waves_below_a_heading_begin_no_code():
    text = """A short heading
    ~~~~~~~~~~~~~~~

    Prose below a heading is read however the heading is underlined.

    ~~~
    This sentence would be read if it did not stand in the code of an example.
    ~~~

    And prose behind the code of an example is read again, as before.
    """
    assert prose_of_docstring(text) == [
        "Prose below a heading is read however the heading is underlined.",
        "And prose behind the code of an example is read again, as before.",
    ]


def test_docstrings_of_modules_classes_and_functions_come_in_source_order():
    text = "{} documents something in at least eight words of text."
    source = f'''"""{text.format("Module")}"""
x = """{text.format("A string that no one")}"""
class A:
    """{text.format("Class")}"""
    def method(self):
        """{text.format("Method")}"""
        def inner():
            """{text.format("Inner")}"""
async def function():
    \'\'\'{text.format("Function")}\'\'\'
'''
    names = ["Module", "Class", "Method", "Inner", "Function"]
    assert prose_of_source(source.encode()) == [text.format(name) for name in names]


def test_source_that_does_not_parse_or_has_no_docstring_gives_nothing():
    assert prose_of_source(b'def broken(:\n    """Text that no one can parse in this file at all."""') == []
    assert prose_of_source(b"x = 1") == []
    assert prose_of_source(b'"""\0"""') == []


@pytest.mark.parametrize("question", ["", '["a.py", "b'])
def test_a_reader_whose_question_is_cut_off_ends_without_a_word(question):
    command = [sys.executable, "-I", docstrings.__file__]
    answer = subprocess.run(command, input=question, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stdout, answer.stderr) == (1, "", "")
