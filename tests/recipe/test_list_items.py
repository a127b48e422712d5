"""What is wrong with an item of a list of sections."""

import pytest

from mbert_cli.errors import UserError
from mbert_cli.recipe.loading import load


def load_mix(items: str):
    return load("prepare", "books", ["corpus.source=mix", f"corpus.mix={items}"])


@pytest.mark.parametrize(
    ("items", "message"),
    {
        "[{source: files, globs: [a], wieght: 2}]": (
            "corpus.mix.0.wieght: unknown key. Did you mean corpus.mix.0.weight?"
        ),
        "[{source: files, globs: [a], zzz: 2}]": (
            "corpus.mix.0.zzz: unknown key. The keys of corpus.mix.0 are source, globs, text, where, weight."
        ),
        "[{source: installed_docs}, {source: file, globs: [a]}]": (
            "corpus.mix.1.source must be files, tfds or installed_docs. Received: file"
        ),
        "[{globs: [a]}]": "corpus.mix.0.source is missing: it must be files, tfds or installed_docs.",
        "[{source: files}]": (
            "corpus.mix.0.globs is missing: it must be a list of texts, at least 1 of them."
        ),
        "[{source: files, globs: [a], weight: 0}]": "corpus.mix.0.weight must be a number above 0. Received: 0",
        "[3]": "corpus.mix.0 must be a section with source: files, tfds or installed_docs. Received: 3",
        "[]": (
            "corpus.mix must be a list of sections with source: files, tfds or installed_docs, at least 1 of them. "
            "Received: []"
        ),
    }.items(),
)
def test_an_item_is_named_with_its_number(items, message):
    with pytest.raises(UserError) as caught:
        load_mix(items)
    assert caught.value.message == f"--set: {message}"
    assert caught.value.hint == "`mbert recipe explain corpus.mix` tells more about it."


def test_items_have_the_defaults_of_their_sections():
    mix = load_mix("[{source: files, globs: [a], weight: 2}, {source: installed_docs}]").values()["corpus"][
        "mix"
    ]
    assert mix == [
        {"source": "files", "globs": ["a"], "text": "text", "where": None, "weight": 2.0},
        {"source": "installed_docs", "packages": None, "weight": 1.0},
    ]
