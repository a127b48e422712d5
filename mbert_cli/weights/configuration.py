"""`config.json` of Hugging Face and `bert_config.json` of TF1 <-> our sizes.

Both name their fields alike. Nothing is guessed: a field that is not known, or that says what we cannot do, is
an error that names it.
"""

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mbert_cli.errors import UserError
from mbert_cli.model.options import ModelSize
from mbert_cli.weights.fields import ACTIVATIONS, DEFAULTS, FIELDS, GENERATION, IGNORED, REQUIRED

_RESTORE = "Restore the file that was saved with the weights."


@dataclass(frozen=True)
class Configuration:
    """What a configuration says.

    Attributes:
        family: bert, mobilebert or distilbert.
        size: The encoder.
        vocab_size: Rows of the word table.
        architecture: Class that the weights were saved from, as `BertForMaskedLM`; empty if it does not say.
        values: All fields as they are written.
        path: The file.
    """

    family: str
    size: ModelSize
    vocab_size: int
    architecture: str
    values: Mapping[str, Any]
    path: Path


def read_configuration(path: Path, file_format: str) -> Configuration:
    """Reads a configuration file.

    Args:
        path: `config.json` or `bert_config.json`.
        file_format: huggingface or tf1.

    Raises:
        UserError: It cannot be read, is of another architecture, or has fields that are unknown or contradict
            one another.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(
            f"A configuration must be a JSON file. Received: {path} ({error})",
            _RESTORE,
        ) from error
    if not isinstance(values, dict):
        raise UserError(f"A configuration must be a JSON object. Received: {path}", "Restore the file.")
    _check_types(values, path)
    family = _family(values, path)
    _check_fields(values, family, path)
    return Configuration(
        family, _size(values, family, file_format, path), _vocab_size(values, path),
        (values.get("architectures") or [""])[0], values, path,
    )  # fmt: skip


def _check_types(values: Mapping[str, Any], path: Path) -> None:
    """Checks the fields that are compared with names; numbers are checked by the size."""
    for name in ("model_type", "hidden_act", "activation", "normalization_type"):
        if not isinstance(values.get(name, ""), str | None):
            raise UserError(
                f"{name} must be a name. Received: {json.dumps(values[name])} in {path}", _RESTORE
            )
    named = values.get("architectures")
    if named is not None and (not isinstance(named, list) or not all(isinstance(one, str) for one in named)):
        raise UserError(
            f"architectures must be a list of names. Received: {json.dumps(named)} in {path}", _RESTORE
        )


def _family(values: Mapping[str, Any], path: Path) -> str:
    """The family, also of files that do not say it: those of TF1 and of TinyBERT."""
    named = values.get("model_type")
    if named is None:
        bottleneck = {"use_bottleneck", "intra_bottleneck_size", "trigram_input", "bottleneck_size"}
        return "mobilebert" if bottleneck & set(values) else "bert"
    if named not in FIELDS:
        raise UserError(
            f"A checkpoint must be of the architecture {', '.join(FIELDS)}. Received: {named} in {path}",
            "Other architectures need a tool made for them, as `optimum` for Hugging Face's.",
        )
    return named


def _check_fields(values: Mapping[str, Any], family: str, path: Path) -> None:
    known = set(FIELDS[family]) | IGNORED | GENERATION | set(REQUIRED)
    unknown = {name: value for name, value in values.items() if name not in known}
    if unknown:
        raise UserError(
            "Every field of a configuration must be known, or weights would be misread. "
            f"Received: {', '.join(f'{name}: {json.dumps(value)}' for name, value in unknown.items())} in {path}",
            _hint_at(list(unknown), family),
        )
    for name, required in REQUIRED.items():
        if name in values and values[name] not in (required, None):
            raise UserError(
                f"{name} must be {json.dumps(required)}. Received: {json.dumps(values[name])} in {path}",
                "Models with another value compute what mbert does not.",
            )


def _hint_at(unknown: list[str], family: str) -> str:
    """What may be meant by fields that a family has not."""
    other = next((name for name, fields in FIELDS.items() if set(unknown) <= set(fields)), None)
    if other:
        return f"They are fields of {other}: correct model_type."
    nearest = difflib.get_close_matches(unknown[0], FIELDS[family], 1)
    return f"Did you mean {nearest[0]}?" if nearest else "Take out what changes no arithmetic."


def _size(values: Mapping[str, Any], family: str, file_format: str, path: Path) -> ModelSize:
    if (file_format, family) not in DEFAULTS:
        raise UserError(
            f"There are no TF1 checkpoints of {family}. Received: {path}", "Take it from the hub."
        )
    complete = DEFAULTS[file_format, family] | {k: v for k, v in values.items() if v is not None}
    fields = {ours: complete[name] for name, ours in FIELDS[family].items() if name in complete}
    fields |= _special_fields(complete, family, file_format, path)
    try:
        return ModelSize.model_validate(fields)
    except ValidationError as error:
        raise UserError(
            f"A configuration must describe an encoder. Received: {path} ({_mistake(error, family)})",
            _RESTORE,
        ) from error


def _mistake(error: ValidationError, family: str) -> str:
    """The first thing that is wrong with a size, by the name that the configuration has for it."""
    first = error.errors()[0]
    reason = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return reason
    theirs = {ours: name for name, ours in FIELDS[family].items()}
    place = theirs.get(first["loc"][0], first["loc"][0])
    return f"{place} {json.dumps(first['input'])}: {reason}"


def _special_fields(
    values: Mapping[str, Any], family: str, file_format: str, path: Path
) -> dict[str, object]:
    """Fields of a size that no single field of the configuration says."""
    written = values["activation" if family == "distilbert" else "hidden_act"]
    if written not in ACTIVATIONS[file_format]:
        raise UserError(
            f"The activation must be one of {', '.join(ACTIVATIONS[file_format])}. Received: {written} in {path}",
            "Models with another activation compute what mbert does not.",
        )
    fields: dict[str, object] = {"activation": ACTIVATIONS[file_format][written]}
    if family == "distilbert":
        return fields | {
            "embedding_dim": values["dim"], "num_segments": 0, "use_pooler": True,
            "pooler_activation": "relu",
        }  # fmt: skip
    if family == "bert":
        return fields | {"embedding_dim": values["hidden_size"], "use_pooler": True}
    _check_bottleneck(values, path)
    return fields | {
        "embedding_dim": values.get("embedding_size", values["hidden_size"]),
        "intra_dim": values.get("intra_bottleneck_size", values["hidden_size"]),
        "use_pooler": values["classifier_activation"],
    }


def _check_bottleneck(values: Mapping[str, Any], path: Path) -> None:
    if not values["use_bottleneck"]:
        raise UserError(
            f"use_bottleneck must be true for a MobileBERT. Received: false, or nothing in its place, in {path}",
            "mbert has no MobileBERT without bottlenecks.",
        )
    intra = values.get("intra_bottleneck_size", values["hidden_size"])
    if values.get("true_hidden_size", intra) != intra:
        raise UserError(
            "true_hidden_size and intra_bottleneck_size must be equal. "
            f"Received: {values['true_hidden_size']} and {intra} in {path}",
            "Correct the one that the weights do not have.",
        )


def _vocab_size(values: Mapping[str, Any], path: Path) -> int:
    found = values.get("vocab_size")
    if type(found) is not int or found < 1:
        raise UserError(
            f"A configuration must have a vocab_size. Received: {json.dumps(found)} in {path}",
            "Set it to the number of lines of vocab.txt.",
        )
    return found


def write_configuration(size: ModelSize, vocab_size: int, family: str) -> dict[str, Any]:
    """The values of a `config.json` for Hugging Face, of which `read_configuration` makes the same size."""
    fields = {name: getattr(size, ours) for name, ours in FIELDS[family].items()}
    back = {ours: name for name, ours in reversed(ACTIVATIONS["huggingface"].items())}
    special: dict[str, Any] = {
        "activation" if family == "distilbert" else "hidden_act": back[size.activation]
    }
    if family == "mobilebert":
        special |= {
            "use_bottleneck": True, "classifier_activation": size.use_pooler,
            "true_hidden_size": size.intra_dim,
        }  # fmt: skip
    if family != "distilbert":
        special["layer_norm_eps"] = 1e-12
    return {"model_type": family, "vocab_size": vocab_size} | fields | special


def write_tf1_configuration(size: ModelSize, vocab_size: int, family: str) -> dict[str, Any]:
    """The values of a `bert_config.json`.

    Raises:
        UserError: TF1's code has no such activation.
    """
    back = {ours: name for name, ours in ACTIVATIONS["tf1"].items()}
    if size.activation not in back:
        raise UserError(
            f"A TF1 configuration has the activations {', '.join(back)}. Received: {size.activation}",
            "Use --to huggingface.",
        )
    fields = {name: getattr(size, ours) for name, ours in FIELDS[family].items()}
    fields |= {"vocab_size": vocab_size, "hidden_act": back[size.activation]}
    if family == "mobilebert":
        fields |= {"use_bottleneck": True, "classifier_activation": size.use_pooler}
    return fields
