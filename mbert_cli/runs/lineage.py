"""Which kinds of runs serve as what."""

from collections.abc import Sequence

IMPORT = "import"
DISTILL_TASK = "distill-task"
"""The kind of a run of `mbert distill --strategy task`, which holds a task model."""
PRETRAINED = ("distill", "train-teacher", IMPORT)
FINE_TUNED = (DISTILL_TASK, "finetune")
TASK_MODELS = (*FINE_TUNED, IMPORT)
WITH_WEIGHTS = ("train-teacher", "distill", *FINE_TUNED, IMPORT)
"""Kinds of runs that serve as what their name says; what came from elsewhere only where it is named."""

TEACHERS = WITH_WEIGHTS
UNNAMED_TEACHERS = ("train-teacher",)
"""Whose layers can be learned from: any encoder where it is named, else the newest that was trained to teach."""

ONLY_NAMED = {"teacher": (IMPORT, DISTILL_TASK)}
"""Kinds of runs that a recipe key does not find by itself, other than imported ones: a student teaches no other."""


def found_unnamed(key: str, kinds: Sequence[str]) -> tuple[str, ...]:
    """Those kinds of runs among which the newest is taken where a recipe key names none.

    Args:
        key: The key.
        kinds: All that serve where they are named.
    """
    return tuple(kind for kind in kinds if kind not in ONLY_NAMED.get(key, (IMPORT,)))
