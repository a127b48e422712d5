"""What older versions recorded as a run's recipe, in the keys of today."""

from collections.abc import Mapping
from typing import Any


def renewed(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe that a run recorded, with its keys where they are now, and without those that meant nothing.

    Version 0.1 recorded all keys of the section distill for every strategy, and those of `progressive` in a section of
    their own.

    Args:
        recipe: Nested plain values.
    """
    recipe = _with_text_column(recipe)
    distill = recipe.get("distill")
    if not isinstance(distill, Mapping) or "progressive" not in distill:
        return dict(recipe)
    values = dict(distill)
    progressive = values.pop("progressive")
    if distill.get("strategy") == "progressive":
        values |= progressive
    return {**recipe, "distill": values}


def _with_text_column(recipe: Mapping[str, Any]) -> Mapping[str, Any]:
    """The column of a corpus was called text_field when only lines of JSON had one."""
    corpus = recipe.get("corpus")
    if not isinstance(corpus, Mapping) or "text_field" not in corpus:
        return recipe
    others = {name: value for name, value in corpus.items() if name != "text_field"}
    return {**recipe, "corpus": {**others, "text": corpus["text_field"]}}
