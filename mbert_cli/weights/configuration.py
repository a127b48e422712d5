"""`config.json` of Hugging Face and `bert_config.json` of TF1 <-> our sizes.

Both use the same names for their fields. Nothing is guessed: a field that is not known, or that says what we cannot
do, is an error that names it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mbert_cli.errors import UserError
from mbert_cli.json_text import read_json
from mbert_cli.model.options import NORM_EPSILON, Architecture
from mbert_cli.weights.field_checks import (
    RESTORE,
    check_names,
    check_types,
    find_passed_over,
    require_known,
    with_usual_names,
)
from mbert_cli.weights.fields import (
    CONFIGURATION_FIELDS,
    DEFAULTS,
    FOREIGN_ACTIVATIONS,
    TRAINED,
    WRITTEN_ACTIVATIONS,
)

FAMILY_MARKS = {
    "mobilebert": {"use_bottleneck", "intra_bottleneck_size", "trigram_input", "bottleneck_size"},
    "distilbert": {"dim", "n_heads", "n_layers"},
}
"""Fields that only one family has, by the family that they stand for where model_type is missing."""

EDGE_EPSILON = 1e-5
"""What the LayerNorms of Hugging Face's MobileBERT add that are built without the configured value."""

MAX_CONFIGURATION_BYTES = 64_000_000
"""No configuration is larger; what claims to be one is not read into memory."""


@dataclass(frozen=True)
class Configuration:
    """What a configuration says.

    Attributes:
        family: bert, mobilebert or distilbert.
        size: The encoder.
        vocab_size: Rows of the word table.
        architecture: Class that the weights were saved from, such as `BertForMaskedLM`; empty if it does not say.
        values: All fields as they are written.
        path: The file.
        notes: What was passed over and why, as sentences for people.
    """

    family: str
    size: Architecture
    vocab_size: int
    architecture: str
    values: Mapping[str, Any]
    path: Path
    notes: tuple[str, ...] = ()


def read_configuration(path: Path, file_format: str, *, allow_unknown: bool = False) -> Configuration:
    """Reads a configuration file.

    Args:
        path: `config.json` or `bert_config.json`.
        file_format: huggingface or tf1.
        allow_unknown: Whether fields that nothing is known about are passed over.

    Raises:
        UserError: It cannot be read, is of another architecture, or has fields that are unknown or contradict
            one another.
    """
    written = _read_json(path)
    check_names(written, path)
    family = _family(written, path)
    values = with_usual_names(written, family, path)
    check_types(values, family, path)
    unknown = require_known(values, family, path, allow_unknown)
    size, replaced = _size(values, family, file_format, path)
    notes = (*unknown, *find_passed_over(values, family, file_format), *replaced)
    return Configuration(
        family, size, _vocab_size(values, path), (values.get("architectures") or [""])[0], values, path,
        tuple(f"{path.name}: {note}" for note in notes),
    )  # fmt: skip


def _read_json(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_CONFIGURATION_BYTES:
            raise ValueError(f"it has {path.stat().st_size:,} bytes")
        values = read_json(path, "utf-8-sig")
    except (OSError, ValueError) as error:
        raise UserError(
            f"A configuration must be a JSON file. Received: {path} ({error})",
            RESTORE,
        ) from error
    if not isinstance(values, dict):
        raise UserError(f"A configuration must be a JSON object. Received: {path}", RESTORE)
    return values


def _family(values: Mapping[str, Any], path: Path) -> str:
    """The family, also of files that do not say it: those of TF1, of TinyBERT and of the first DistilBERT."""
    named = values.get("model_type")
    if named is None:
        return next((family for family, marks in FAMILY_MARKS.items() if marks & set(values)), "bert")
    if named not in CONFIGURATION_FIELDS:
        raise UserError(
            f"A checkpoint must be of the architecture {', '.join(CONFIGURATION_FIELDS)}. Received: {named} in {path}",
            "Other architectures need a tool made for them, such as `optimum` for Hugging Face's.",
        )
    return str(named)


def _size(
    values: Mapping[str, Any], family: str, file_format: str, path: Path
) -> tuple[Architecture, list[str]]:
    """The encoder, and what was replaced because only training reads it."""
    if (file_format, family) not in DEFAULTS:
        raise UserError(
            f"There are no TF1 checkpoints of {family}. Received: {path}", "Take it from the hub."
        )
    complete = DEFAULTS[file_format, family] | {k: v for k, v in values.items() if v is not None}
    if file_format == "tf1":
        complete.pop("layer_norm_eps", None)  # its code has no such field
    fields = {ours: complete[name] for name, ours in CONFIGURATION_FIELDS[family].items() if name in complete}
    fields |= _special_fields(complete, family, file_format, path)
    replaced = _replace_untrainable(fields, family)
    try:
        return Architecture.model_validate(fields), replaced
    except ValidationError as error:
        raise UserError(
            f"A configuration must describe an encoder. Received: {path} ({_mistake(error, family)})",
            RESTORE,
        ) from error


def _replace_untrainable(fields: dict[str, Any], family: str) -> list[str]:
    """Puts our own values in place of rates and deviations that training cannot use, and says so."""
    theirs = {ours: name for name, ours in CONFIGURATION_FIELDS[family].items()}
    notes = []
    for name, usual in TRAINED.items():
        lowest = 0.0 if name.endswith("rate") else 1e-12
        value = fields.get(name, usual)
        if not lowest <= value < 1:
            notes.append(
                f"{theirs[name]} {value} is passed over: only training reads it, and takes {usual} instead"
            )
            fields[name] = usual
    return notes


def _mistake(error: ValidationError, family: str) -> str:
    """The first thing that is wrong with a size, by the name that the configuration has for it."""
    first = error.errors()[0]
    reason = first["msg"].removeprefix("Value error, ")
    theirs = {field: name for name, field in CONFIGURATION_FIELDS[family].items()}
    if not first["loc"]:
        return reason.replace("num_heads", theirs["num_heads"])
    ours = str(first["loc"][0])
    place = theirs.get(ours, ours)
    return f"{place} {json.dumps(first['input'])}: {reason}"


def _special_fields(
    values: Mapping[str, Any], family: str, file_format: str, path: Path
) -> dict[str, object]:
    """Fields of a size that no single field of the configuration says."""
    written = values["activation" if family == "distilbert" else "hidden_act"]
    if written not in FOREIGN_ACTIVATIONS[file_format]:
        raise UserError(
            f"The activation must be one of {', '.join(FOREIGN_ACTIVATIONS[file_format])}. "
            f"Received: {written} in {path}",
            "Models with another activation compute what mbert does not; take a checkpoint with one of these.",
        )
    fields: dict[str, object] = {"activation": FOREIGN_ACTIVATIONS[file_format][written]}
    if family == "distilbert":
        return fields | {
            "embedding_dim": values["dim"], "num_segments": 0, "use_pooler": True,
            "pooler_activation": "relu",
        }  # fmt: skip
    if family == "bert":
        return fields | {"embedding_dim": values["hidden_size"], "use_pooler": True}
    if file_format == "huggingface" and values["normalization_type"] == "layer_norm":
        fields["edge_norm_epsilon"] = EDGE_EPSILON
    return fields | {
        "embedding_dim": values.get("embedding_size", values["hidden_size"]),
        "use_pooler": values["classifier_activation"],
        **_bottleneck(values, file_format, path),
    }


def _bottleneck(values: Mapping[str, Any], file_format: str, path: Path) -> dict[str, object]:
    """What a MobileBERT reads through bottlenecks; without them it has BERT's plain blocks."""
    has_bottleneck = values["use_bottleneck"]
    if file_format == "tf1" and not has_bottleneck:
        raise UserError(
            "use_bottleneck must be true for a MobileBERT of TF1. "
            f"Received: false, or nothing in its place, in {path}",
            "A MobileBERT without bottlenecks was compared only with Hugging Face's; use that format.",
        )
    name = "intra_bottleneck_size" if has_bottleneck else "hidden_size"
    width = values.get(name, values["hidden_size"])
    if values.get("true_hidden_size", width) != width:
        raise UserError(
            f"true_hidden_size and {name} must be equal. "
            f"Received: {values['true_hidden_size']} and {width} in {path}",
            f"Take true_hidden_size out of {path.name}: {name} alone says the width.",
        )
    if has_bottleneck:
        return {"intra_dim": width}
    return {"intra_dim": None, "use_bottleneck_attention": False, "key_query_shared_bottleneck": False}


def _vocab_size(values: Mapping[str, Any], path: Path) -> int:
    found = values.get("vocab_size")
    if type(found) is not int or found < 1:
        raise UserError(
            f"A configuration must have a vocab_size. Received: {json.dumps(found)} in {path}",
            "Set it to the number of lines of vocab.txt.",
        )
    return found


def write_configuration(size: Architecture, vocab_size: int, family: str) -> dict[str, Any]:
    """The values of a `config.json` for Hugging Face, of which `read_configuration` makes the same size."""
    fields = {name: getattr(size, ours) for name, ours in CONFIGURATION_FIELDS[family].items()}
    special: dict[str, Any] = {
        "activation" if family == "distilbert" else "hidden_act": WRITTEN_ACTIVATIONS[size.activation]
    }
    if family == "mobilebert":
        special |= {
            "use_bottleneck": size.intra_dim is not None, "classifier_activation": size.use_pooler,
            "intra_bottleneck_size": size.block_dim, "true_hidden_size": size.block_dim,
        }  # fmt: skip
    return {"model_type": family, "vocab_size": vocab_size} | fields | special


def why_no_tf1(size: Architecture) -> str | None:
    """Why TF1's code cannot compute what an encoder computes; None if it can."""
    known = FOREIGN_ACTIVATIONS["tf1"].values()
    if size.activation not in known:
        return f"TF1's code has the activations {', '.join(known)}, but not {size.activation}"
    for epsilon in (size.norm_epsilon, size.edge_epsilon):
        if epsilon != NORM_EPSILON:
            return f"TF1's code adds {NORM_EPSILON:g} to the variance of a LayerNorm, not {epsilon:g}"
    return None


def write_tf1_configuration(size: Architecture, vocab_size: int, family: str) -> dict[str, Any]:
    """The values of a `bert_config.json`, for an encoder that TF1's code can compute."""
    back = {ours: name for name, ours in FOREIGN_ACTIVATIONS["tf1"].items()}
    fields = {name: getattr(size, ours) for name, ours in CONFIGURATION_FIELDS[family].items()}
    del fields["layer_norm_eps"]  # its code has no such field
    fields |= {"vocab_size": vocab_size, "hidden_act": back[size.activation]}
    if family == "mobilebert":
        fields |= {"use_bottleneck": True, "classifier_activation": size.use_pooler}
    return fields
