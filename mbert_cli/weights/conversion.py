"""Arrays under the names of another project <-> ours, with an account of every one of them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import ml_dtypes
import numpy as np

from mbert_cli.errors import UserError
from mbert_cli.model.options import Architecture
from mbert_cli.weights.names import Weight
from mbert_cli.word_lists import listed

SKIPPED: tuple[tuple[str, str], ...] = (
    (r"(.*/)?(adam_[mv]|Adam|Adam_1|lamb_[mv])", "state of the optimizer"),
    (r"global_step|beta[12]_power|bad_steps|good_steps|loss_scale", "state of the training"),
    (r".*FakeQuantWithMinMaxVars(_\d+)?/(min|max)", "range of a simulated quantization"),
    (r"teacher/.*", "teacher of a distillation"),
    (r"hidden_distill_\d+/.*", "normalization of a distillation loss"),
    (r".*/ExponentialMovingAverage", "moving average of a weight"),
    (r"(.*\.)?fit_dense(s\.\d+)?\.(weight|bias)", "projection of TinyBERT's distillation"),
    (r"(.*\.)?embeddings\.(position_ids|token_type_ids)", "numbers of the positions"),
)
"""Arrays that no network of ours has, by their whole name, and why."""

UNREAD = "kept by transformers, read by nothing"
"""Why arrays of parts stay behind that a size has no use for."""

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
    fields: Mapping[str, str] | None = None,
    allow_unused: bool = False,
) -> tuple[dict[str, np.ndarray], Coverage]:
    """Arrays under canonical names, as we keep them.

    Args:
        arrays: Those of a file, by its own names.
        weights: All that the network has.
        needless: Arrays that the network leaves out, and why.
        fields: Fields of the configuration by the axes whose lengths they say.
        allow_unused: Whether arrays that nothing is known about may be left out.

    Raises:
        UserError: An array is missing, has another shape or no finite numbers, is not used, or is a tied copy
            that differs.
    """
    found: dict[str, np.ndarray] = {}
    used: list[str] = []
    names = {weight.role: name for weight in weights if (name := _find_name(weight, arrays)) is not None}
    missing = [weight.names[0] for weight in weights if weight.role not in names]
    if missing:
        raise UserError(
            f"Every weight of the network must be in the checkpoint. Missing: {listed(missing, _MAX_NAMES)}",
            "Check the configuration beside it: its fields say which weights there are.",
        )
    for weight in weights:
        name = names[weight.role]
        array = arrays[name]
        _check_shape(weight, name, tuple(array.shape), fields or {})
        converted = _as_floats(name, array)
        found[weight.role] = converted.T if weight.is_transposed else converted
        used.append(name)
    _check_tied(arrays, found)
    coverage = _account(arrays, used, needless or {})
    if coverage.unused and not allow_unused:
        raise UserError(
            "Every array of the checkpoint must be used, or be known to be needless. "
            f"Unused: {listed(coverage.unused, _MAX_NAMES)}",
            "Give --allow-unused to leave them out.",
        )
    return found, coverage


def _check_shape(weight: Weight, name: str, received: tuple[int, ...], fields: Mapping[str, str]) -> None:
    expected = weight.shape[::-1] if weight.is_transposed else weight.shape
    if received == expected:
        return
    kept = received[::-1] if weight.is_transposed else received
    hint = "Use the configuration and the vocabulary that were saved with the weights."
    if len(kept) == len(weight.axes):
        others = {
            fields[axis]: found
            for axis, wanted, found in zip(weight.axes, weight.shape, kept, strict=True)
            if wanted != found and axis in fields
        }
        hint += "".join(f" The weights have {field} {found}." for field, found in others.items())
    raise UserError(
        f"{weight.role} must have the shape {expected} in the checkpoint. Received: {received} for {name}",
        hint,
    )


def unread_arrays(names: Iterable[str], size: Architecture) -> dict[str, str]:
    """Arrays of a MobileBERT that its class makes and never applies, and why they stay behind."""
    patterns = []
    if not size.trigram_input and size.embedding_dim == size.hidden_dim:
        patterns.append(r".*embeddings[./]embedding_transformation[./].*")
    if size.use_bottleneck_attention:
        patterns.append(r".*[./]bottleneck[./]attention[./].*")
    return {name: UNREAD for name in names for pattern in patterns if re.fullmatch(pattern, name)}


def to_foreign(arrays: Mapping[str, np.ndarray], weights: Sequence[Weight]) -> dict[str, np.ndarray]:
    """Our arrays under the names and in the layout of a file format.

    Raises:
        UserError: One of ours has no name there.
    """
    known = {weight.role for weight in weights}
    homeless = [role for role in arrays if role not in known]
    if homeless:
        raise UserError(
            f"Every weight of a run must have a name in the format. Without one: {listed(homeless, _MAX_NAMES)}",
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
    with np.errstate(over="ignore"):  # what is too large for float32 is refused, in words of our own
        converted = np.asarray(array, np.float32)
    if not np.isfinite(converted).all():
        raise UserError(
            f"Every weight must be finite in float32. Received: NaN or infinity in {name}",
            "The training that made it diverged; take an earlier checkpoint.",
        )
    return converted


def _find_name(weight: Weight, arrays: Mapping[str, np.ndarray]) -> str | None:
    """The name under which a file has a weight; its second one where it lacks the first."""
    tied = (name for name, role in TIED.items() if role == weight.role)
    return next((name for name in (*weight.names, *tied) if name in arrays), None)


def _check_tied(arrays: Mapping[str, np.ndarray], found: Mapping[str, np.ndarray]) -> None:
    """A second copy of a weight must be a copy, where the head that would read it is read."""
    if "masked_language_model/output/bias" not in found:
        return
    for name, role in TIED.items():
        if (
            name in arrays
            and role in found
            and not np.array_equal(_as_floats(name, arrays[name]), found[role])
        ):
            raise UserError(
                f"{name} must be a copy of {role}, to which it is tied. Received: other numbers",
                "A masked-LM head of its own has no place here: save the encoder without it, for example with "
                "`AutoModel.from_pretrained(DIR).save_pretrained(OTHER)`, and import that.",
            )


def _account(arrays: Mapping[str, np.ndarray], used: Sequence[str], needless: Mapping[str, str]) -> Coverage:
    taken = set(used)
    skipped: dict[str, list[str]] = {}
    unused: list[str] = []
    for name in arrays:
        if name in taken:
            continue
        reason = needless.get(name) or reason_to_skip(name) or _reason_of_size(arrays, name)
        if reason is None:
            unused.append(name)
        else:
            skipped.setdefault(reason, []).append(name)
    return Coverage(
        len(arrays), tuple(used), {reason: tuple(names) for reason, names in skipped.items()}, tuple(unused)
    )


def _reason_of_size(arrays: Mapping[str, np.ndarray], name: str) -> str | None:
    return "nothing in it" if 0 in arrays[name].shape else None


def reason_to_skip(name: str) -> str | None:
    """Why an array of that name is needless; None where nothing says that it is."""
    if name in TIED:
        return "second name of a weight"
    return next((reason for pattern, reason in SKIPPED if re.fullmatch(pattern, name)), None)
