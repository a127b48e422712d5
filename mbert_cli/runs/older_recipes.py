"""What older versions recorded as a run's recipe, in the keys of today: their runs continue as if begun now."""

from collections.abc import Mapping
from typing import Any

_TRANSFER_RATE = "transfer_learning_rate"

_DISTILL_BEFORE_0_2: Mapping[str, Any] = {"head_map": None, "relation_heads": None,
                                         "projections": "embeddings_and_layers"}  # fmt: skip
"""How version 0.1 compared layers where it had no key for it."""

_FACTORS_BEFORE_0_2 = ("hidden_states", "attention_scores", "attention_relations", "hidden_cosine")
"""Losses that version 0.1 did not have."""


def renewed(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe that a run recorded, with the keys of today.

    Version 0.1 recorded all keys of the section distill for every strategy, and those of `progressive` in a section of
    their own.

    Args:
        recipe: Nested plain values.
    """
    distill = recipe.get("distill")
    if not isinstance(distill, Mapping) or "progressive" not in distill:
        return dict(recipe)
    strategy, values = distill.get("strategy"), dict(distill)
    progressive = values.pop("progressive")
    if strategy == "auxiliary":
        values.pop(_TRANSFER_RATE, None)
    if strategy == "progressive":
        values |= progressive
    factors = dict.fromkeys(_FACTORS_BEFORE_0_2, 0.0) | (values.get("factors") or {})
    return {**recipe, "distill": {**_DISTILL_BEFORE_0_2, **values} | {"factors": factors}}
