"""Start a student from the parts of its teacher that have the same shape."""

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np

from mbert_cli.weights.variables import assign_variables, read_variables

PARTS = {
    "embeddings": "encoder/embeddings/",
    "masked_language_model": "masked_language_model/",
    "next_sentence": "next_sentence/",
}
"""Prefix of the weights of each part that can be copied."""

NORM = "encoder/embeddings/norm/"


@dataclass(frozen=True)
class WarmStart:
    """What was copied, and what was not and why."""

    copied: list[str]
    skipped: dict[str, str]


def warm_start(
    student: keras.Model, teacher: keras.Model, parts: Sequence[str], *, same_normalization: bool
) -> WarmStart:
    """Copies the named parts from teacher to student.

    The scale and offset of the embedding's normalization are copied only between models with the same
    normalization: those of a layer norm mean something else in a model without one.

    Args:
        student: Pre-training network; its weights are changed.
        teacher: Pre-training network.
        parts: Keys of `PARTS`.
        same_normalization: Whether both encoders normalise in the same way.
    """
    source, target = read_variables(teacher), read_variables(student)
    copied: dict[str, np.ndarray] = {}
    skipped: dict[str, str] = {}
    prefixes = tuple(PARTS[part] for part in parts)
    for name in (name for name in target if name.startswith(prefixes)):
        reason = _why_not(name, source, target, same_normalization)
        if reason:
            skipped[name] = reason
        else:
            copied[name] = source[name]
    assign_variables(student, copied, allow_missing=("",))
    return WarmStart(copied=sorted(copied), skipped=skipped)


def _why_not(
    name: str,
    source: dict[str, np.ndarray],
    target: dict[str, np.ndarray],
    same_normalization: bool,
) -> str | None:
    if name not in source:
        return "the teacher has no such weight"
    if source[name].shape != target[name].shape:
        return f"the teacher's shape is {source[name].shape}, the student's {target[name].shape}"
    if name.startswith(NORM) and not same_normalization:
        return "the teacher normalises its embeddings in another way"
    return None
