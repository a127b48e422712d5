"""Arrays under the names of another project <-> ours, with an account of every one of them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ml_dtypes
import numpy as np

from mbert_cli.errors import UserError
from mbert_cli.weights.names import Weight

SKIPPED: tuple[tuple[str, str], ...] = (
    (r"(.*/)?(adam_[mv]|Adam|Adam_1|lamb_[mv])", "state of the optimizer"),
    (r"global_step|beta[12]_power|bad_steps|good_steps|loss_scale", "state of the training"),
    (r".*FakeQuantWithMinMaxVars(_\d+)?/(min|max)", "range of a simulated quantization"),
    (r"teacher/.*", "teacher of a distillation"),
    (r"hidden_distill_\d+/.*", "normalization of a distillation loss"),
    (r"(.*\.)?fit_dense\.(weight|bias)", "projection of TinyBERT's distillation"),
    (r"(.*\.)?embeddings\.position_ids", "numbers of the positions"),
)
"""Arrays that no network of ours has, by their whole name, and why."""

TIED = {
    "cls.predictions.decoder.weight": "encoder/embeddings/word_embeddings",
    "vocab_projector.weight": "encoder/embeddings/word_embeddings",
    "cls.predictions.decoder.bias": "masked_language_model/output/bias",
}
"""Names under which a weight of ours stands a second time."""

_MAX_NAMES = 5


@dataclass(frozen=True)
class Coverage:
    """What became of every array of a file.

    Attributes:
        read: Arrays of the file.
        used: Names that became weights.
        skipped: Names that did not, by the reason.
        unused: Names that nothing is known about.
    """

    read: int
    used: tuple[str, ...]
    skipped: dict[str, tuple[str, ...]]
    unused: tuple[str, ...]


def from_foreign(
    arrays: Mapping[str, np.ndarray],
    weights: Sequence[Weight],
    *,
    needless: Mapping[str, str] | None = None,
    allow_unused: bool = False,
) -> tuple[dict[str, np.ndarray], Coverage]:
    """Arrays under canonical names, as we keep them.

    Args:
        arrays: Those of a file, by its own names.
        weights: All that the network has.
        needless: Arrays that the network leaves out, and why.
        allow_unused: Whether arrays that nothing is known about may be left out.

    Raises:
        UserError: An array is missing, has another shape or no finite numbers, is not used, or is a tied copy
            that differs.
    """
    found: dict[str, np.ndarray] = {}
    used: list[str] = []
    missing = [weight for weight in weights if not any(name in arrays for name in weight.names)]
    if missing:
        raise UserError(
            f"Every weight of the network must be in the checkpoint. Missing: {_listed([w.names[0] for w in missing])}",
            "Check the configuration beside it; a checkpoint in several files needs all of them.",
        )
    for weight in weights:
        name = next(name for name in weight.names if name in arrays)
        array = arrays[name]
        expected = weight.shape[::-1] if weight.is_transposed else weight.shape
        if tuple(array.shape) != expected:
            raise UserError(
                f"{weight.role} must have the shape {expected} in the checkpoint. "
                f"Received: {tuple(array.shape)} for {name}",
                "Use the configuration and the vocabulary that were saved with the weights.",
            )
        converted = _as_floats(name, array)
        found[weight.role] = converted.T if weight.is_transposed else converted
        used.append(name)
    _check_tied(arrays, found)
    coverage = _account(arrays, used, needless or {})
    if coverage.unused and not allow_unused:
        raise UserError(
            "Every array of the checkpoint must be used, or be known to be needless. "
            f"Unused: {_listed(coverage.unused)}",
            "Give --allow-unused to leave them out.",
        )
    return found, coverage


def to_foreign(arrays: Mapping[str, np.ndarray], weights: Sequence[Weight]) -> dict[str, np.ndarray]:
    """Our arrays under the names and in the layout of a file format.

    Raises:
        UserError: One of ours has no name there.
    """
    known = {weight.role for weight in weights}
    homeless = [role for role in arrays if role not in known]
    if homeless:
        raise UserError(
            f"Every weight of a run must have a name in the format. Without one: {_listed(homeless)}",
            "Choose the other format with --to.",
        )
    return {
        weight.names[0]: arrays[weight.role].T if weight.is_transposed else arrays[weight.role]
        for weight in weights
    }


def _as_floats(name: str, array: np.ndarray) -> np.ndarray:
    """The array as float32, which must be numbers of that kind."""
    if array.dtype.kind != "f" and array.dtype != ml_dtypes.bfloat16:
        raise UserError(
            f"A weight must consist of floating-point numbers. Received: {array.dtype} for {name}",
            "Save the model in float32, float16 or bfloat16.",
        )
    converted = np.asarray(array, np.float32)
    if not np.isfinite(converted).all():
        raise UserError(
            f"Every weight must be finite in float32. Received: NaN or infinity in {name}",
            "The training that made it diverged; take an earlier checkpoint.",
        )
    return converted


def _check_tied(arrays: Mapping[str, np.ndarray], found: Mapping[str, np.ndarray]) -> None:
    """A second copy of a weight must be a copy."""
    for name, role in TIED.items():
        if (
            name in arrays
            and role in found
            and not np.array_equal(_as_floats(name, arrays[name]), found[role])
        ):
            raise UserError(
                f"{name} must be a copy of {role}, to which it is tied. Received: other numbers",
                "A model with an output layer of its own has no place here.",
            )


def _account(arrays: Mapping[str, np.ndarray], used: Sequence[str], needless: Mapping[str, str]) -> Coverage:
    taken = set(used)
    skipped: dict[str, list[str]] = {}
    unused: list[str] = []
    for name in arrays:
        if name in taken:
            continue
        reason = needless.get(name) or _reason(name)
        if reason is None:
            unused.append(name)
        else:
            skipped.setdefault(reason, []).append(name)
    return Coverage(
        len(arrays), tuple(used), {reason: tuple(names) for reason, names in skipped.items()}, tuple(unused)
    )


def _reason(name: str) -> str | None:
    if name in TIED:
        return "second name of a weight"
    return next((reason for pattern, reason in SKIPPED if re.fullmatch(pattern, name)), None)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return ", ".join(names[:_MAX_NAMES]) + more
