"""The weights of a model by their canonical names, out of it and into it.

The names are listed in `mbert_cli/model/encoder.py` and `heads.py`. They are unique within one network; a
teacher and a student, each a network of its own, use the same ones.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import keras
import numpy as np

from mbert_cli.errors import UserError
from mbert_cli.hosts.devices import to_numpy
from mbert_cli.word_lists import listed

_MAX_NAMES = 5  # names that an error message spells out


@dataclass(frozen=True)
class AssignReport:
    """What became of every weight: nothing is dropped silently.

    Each field is a tuple of canonical names: `used` were assigned, `unused` were given and the model has no
    such weight, `missing` are the model's and were not given, so they keep their values.
    """

    used: tuple[str, ...]
    unused: tuple[str, ...]
    missing: tuple[str, ...]


def canonical_name(weight: keras.Variable) -> str:
    """The name of a weight in files, such as `encoder/layer_07/bottleneck_input/kernel`."""
    return str(weight.path)


def read_variables(model: keras.Model) -> dict[str, np.ndarray]:
    """Copies the weights of a model by canonical name; states of random generators are not weights."""
    return {canonical_name(weight): to_numpy(weight.value) for weight in model.weights}


def assign_variables(
    model: keras.Model,
    arrays: Mapping[str, np.ndarray],
    *,
    allow_missing: Collection[str] = (),
    allow_unused: Collection[str] = (),
) -> AssignReport:
    """Assigns arrays to the weights with the same canonical names, or changes nothing and raises.

    Args:
        model: The network.
        arrays: Arrays by canonical name, of the weights' shapes; their type is converted.
        allow_missing: First parts of names that `arrays` may lack, such as "classifier" or "encoder/layer_03";
            "" allows all.
        allow_unused: First parts of names in `arrays` that the model may lack.

    Raises:
        UserError: A weight is missing, is not used or has another shape.
    """
    weights = {canonical_name(weight): weight for weight in model.weights}
    used = tuple(name for name in weights if name in arrays)
    missing = tuple(name for name in weights if name not in arrays)
    unused = tuple(name for name in arrays if name not in weights)
    _refuse(missing, allow_missing, "Every weight of the model must be in the file", "Missing")
    _refuse(unused, allow_unused, "Every weight in the file must belong to the model", "Unused")
    for name in used:
        _check_shape(name, tuple(weights[name].shape), np.shape(arrays[name]))
    for name in used:
        weights[name].assign(arrays[name])
    return AssignReport(used, unused, missing)


def _refuse(names: Collection[str], allowed: Collection[str], rule: str, what: str) -> None:
    refused = [name for name in names if not any(_starts_with(name, prefix) for prefix in allowed)]
    if not refused:
        return
    raise UserError(f"{rule}. {what}: {listed(refused, _MAX_NAMES)}", _HINT)


def _starts_with(name: str, prefix: str) -> bool:
    return prefix in {"", name} or name.startswith(prefix + "/")


def _check_shape(name: str, expected: tuple[int, ...], received: tuple[int, ...]) -> None:
    if expected != received:
        raise UserError(f"The weight {name} must have the shape {expected}. Received: {received}", _HINT)


_HINT = "Use the size, the changes and the vocabulary that these weights were made with."
