"""Paths in commands that are printed."""

import shlex
from pathlib import Path

import pytest

from mbert_cli.shell_words import path_word, path_words


@pytest.mark.parametrize("name", ["runs/a", "my run", "it's $HOME", "-run", "--fresh", "#1;rm", "a\nb"])
def test_a_path_is_one_word_that_leads_to_it_and_no_flag(name):
    (word,) = shlex.split(path_word(name))
    assert Path(word) == Path(name)
    assert not word.startswith("-")


def test_paths_stand_side_by_side():
    assert path_words(["a b", Path("c")]) == "'a b' c"
