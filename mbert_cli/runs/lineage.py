"""Which kinds of runs serve as what, and what a run started from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

IMPORT = "import"
PRETRAINED = ("distill", "train-teacher", IMPORT)
TEACHERS = ("train-teacher", IMPORT)
TASK_MODELS = ("finetune", IMPORT)
WITH_WEIGHTS = ("train-teacher", "distill", "finetune", IMPORT)
"""Kinds of runs that serve as what their name says; what came from elsewhere only where it is named."""


def started_from(recipe: Mapping[str, Any]) -> Path:
    """The run that a recorded fine-tuning started from."""
    return Path(recipe.get("initialize_from") or recipe["source"])
