"""Start a student from its teacher: parts of the same shape as they are, and embeddings of another width turned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import keras
import numpy as np

from mbert_cli.distill.word_directions import EMBEDDINGS_PATH, POSITIONS, Started, start_from_directions
from mbert_cli.figures import counted
from mbert_cli.model.options import layer_name
from mbert_cli.weights.variables import assign_variables, read_variables

PARTS = {
    "embeddings": EMBEDDINGS_PATH,
    "masked_language_model": "masked_language_model/",
    "next_sentence": "next_sentence/",
}
"""Prefix of the weights of each part that can be copied."""

NORM = f"{EMBEDDINGS_PATH}norm/"


@dataclass(frozen=True)
class WarmStart:
    """What the student starts with.

    Attributes:
        copied: Names of the weights that are the teacher's.
        made: How others were made of the teacher's, by name.
        skipped: Why the rest of the parts was left as drawn, by name of a weight or of a part that the teacher lacks.
    """

    copied: list[str]
    skipped: dict[str, str]
    made: dict[str, str] = field(default_factory=dict)

    def sentences(self, parts: Sequence[str]) -> list[str]:
        """The same for people.

        Args:
            parts: Those that were asked for.
        """
        of = ", ".join(parts) or "no part"
        copied = [f"Copied from the teacher: {counted(len(self.copied), 'weight')} of {of}"]
        made = [f"Made of the teacher's: {name} ({how})" for name, how in self.made.items()]
        skipped = [f"Not copied: {name} ({reason})" for name, reason in self.skipped.items()]
        return [*(copied if self.copied or not made else ()), *made, *skipped]


def warm_start(student: keras.Model, teacher: keras.Model, parts: Sequence[str]) -> WarmStart:
    """Copies the named parts from teacher to student.

    The scale and offset of the embedding's normalization are copied only between models with the same
    normalization: those of a layer norm mean something else in a model without one. Where the word tables differ in
    width, see `start_from_directions`; a position table of another length gives the rows that both have.

    Args:
        student: Network with any heads; its weights are changed.
        teacher: Another one, which may lack some of the heads.
        parts: Keys of `PARTS`.
    """
    source, target = read_variables(teacher), read_variables(student)
    normalizations = {network.get_layer("embeddings").size.normalization for network in (student, teacher)}
    made = _made(source, target) if "embeddings" in parts else {}
    copied: dict[str, np.ndarray] = {}
    missing = [part for part in parts if not any(name.startswith(PARTS[part]) for name in source)]
    skipped = dict.fromkeys(missing, "the teacher has none")
    prefixes = tuple(PARTS[part] for part in parts if part not in missing)
    for name in (name for name in target if name.startswith(prefixes) and name not in made):
        reason = _why_not(name, source, target, same_normalization=len(normalizations) == 1)
        if reason:
            skipped[name] = reason
        else:
            copied[name] = source[name]
    arrays = copied | {name: started.array for name, started in made.items()}
    assign_variables(student, arrays, allow_missing=("",))
    return WarmStart(sorted(copied), skipped, {name: started.how for name, started in made.items()})


def _made(source: Mapping[str, np.ndarray], target: Mapping[str, np.ndarray]) -> dict[str, Started]:
    """Embeddings that are made of the teacher's, because their shape is not the teacher's."""
    started = start_from_directions(source, target)
    theirs, ours = source[POSITIONS], target[POSITIONS]
    if POSITIONS not in started and theirs.shape[1] == ours.shape[1] and len(theirs) != len(ours):
        rows = min(len(theirs), len(ours))
        table = np.concatenate([theirs[:rows], ours[rows:]])
        started[POSITIONS] = Started(table, f"the first {rows:,} rows of the teacher's {len(theirs):,}")
    return started


def copy_layers(student: keras.Model, teacher: keras.Model, copies: Sequence[int]) -> list[str]:
    """Copies layers of the teacher into the student; returns the names of the weights.

    Args:
        student: Network with an encoder; its weights are changed.
        teacher: Another one.
        copies: For each layer of the student that of the teacher, both counted from 0.
    """
    source = read_variables(teacher)
    arrays: dict[str, np.ndarray] = {}
    for layer, copied in enumerate(copies):
        ours, theirs = (f"encoder/{layer_name(index)}/" for index in (layer, copied))
        arrays |= {
            ours + name.removeprefix(theirs): array
            for name, array in source.items()
            if name.startswith(theirs)
        }
    assign_variables(student, arrays, allow_missing=("",))
    return sorted(arrays)


def _why_not(
    name: str,
    source: Mapping[str, np.ndarray],
    target: Mapping[str, np.ndarray],
    *,
    same_normalization: bool,
) -> str | None:
    if name not in source:
        return "the teacher has no such weight"
    if source[name].shape != target[name].shape:
        return f"the teacher's shape is {source[name].shape}, the student's {target[name].shape}"
    if name.startswith(NORM) and not same_normalization:
        return "the teacher normalises its embeddings in another way"
    return None
