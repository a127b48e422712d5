"""What --format and --out ask for, and --length, as the verbs receive it."""

from typing import get_args

import pytest

from mbert_cli.errors import UserError
from mbert_cli.flags import StrategyName, UsualRecipe, delivery_of, lengths_of
from mbert_cli.page import PRINTED, Delivery
from mbert_cli.recipe.schema import FORMS, USUAL_RECIPES
from mbert_cli.word_lists import joined


def test_what_is_not_typed_is_a_table_on_standard_output():
    assert delivery_of(None, None) == PRINTED


def test_a_format_and_a_file_are_handed_on(tmp_path):
    assert delivery_of("json", None) == Delivery("json", None)
    assert delivery_of(None, tmp_path / "a.md") == Delivery("markdown", tmp_path / "a.md")


def test_what_cannot_be_delivered_is_refused_before_any_work():
    with pytest.raises(UserError) as caught:
        delivery_of("csv", None)
    assert caught.value.message == "--format must be table, markdown, json or html. Received: csv"


@pytest.mark.parametrize(
    ("typed", "read"),
    [(None, None), ("128", 128), ("32, 64,128", [32, 64, 128]), ("64,", "64,"), ("all", "all"), ("-3", "-3")],
)
def test_lengths_are_read_as_numbers_where_they_are_numbers(typed, read):
    assert lengths_of(typed) == read


def test_help_names_every_strategy_and_those_with_a_usual_recipe_of_their_own():
    """Help is shown before the recipes are imported, so that it has a list of its own."""
    option = get_args(StrategyName)[1]
    assert option.help == f"Short for --set distill.strategy=NAME: {joined(list(FORMS['distill']))}."
    recipe = get_args(UsualRecipe)[1]
    assert f"quickstart_STRATEGY for {joined(list(USUAL_RECIPES), 'and')})" in recipe.help
