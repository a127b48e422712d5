"""The page of verbs and keys says what the program has."""

from pathlib import Path

import mbert_cli
from mbert_cli.recipe.keys import keys_of
from mbert_cli.recipe.schema import RECIPES
from mbert_cli.reference import markdown_table, reference

PAGE = Path(mbert_cli.__file__).parent.parent / "docs" / "reference.md"


def test_the_page_in_docs_is_what_the_program_writes_now():
    is_current = PAGE.read_text(encoding="utf-8") == reference()
    assert is_current, "docs/reference.md is out of date; `make docs` renews it"


def test_every_key_of_every_verb_stands_in_the_page():
    page = reference()
    keys = {key.path for verb in RECIPES for key in keys_of(verb)}
    assert len(keys) > 100
    assert [key for key in sorted(keys) if f"`{key}`" not in page] == []


def test_a_cell_may_hold_what_a_table_reads():
    assert markdown_table(("a", "b"), [("x|y", "`p|q` <name> *")]) == (
        "| a | b |\n| --- | --- |\n| x\\|y | `p\\|q` &lt;name> \\* |"
    )
