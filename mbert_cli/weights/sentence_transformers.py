"""Folders of sentence-transformers: an encoder, how its hidden states are pooled, and how long a text it reads.

`modules.json` lists the modules that a text goes through, each with its class and its folder. Which pooling there is
says `config.json` in the folder of the second one, in one of two forms: `pooling_mode_mean_tokens: true` and the like,
or, since version 5.4, `pooling_mode: mean`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from mbert_cli.errors import UserError
from mbert_cli.json_text import read_json, write_json
from mbert_cli.model.options import Pooling
from mbert_cli.weights.description import EmbeddingDescription

MODULES, SETTINGS, PROMPTS = "modules.json", "sentence_bert_config.json", "config_sentence_transformers.json"
POOLING_FOLDER = "1_Pooling"
_ANY_SETTINGS = "sentence_*_config.json"
_POOLING_CONFIGURATION = "config.json"

_ENCODER_ALONE = (
    f"Its encoder alone can be imported: put the folder's other files where there is no {MODULES}."
)
_LEGACY = "pooling_mode_"
_LEGACY_NAMES: dict[str, str] = {"cls_token": "cls", "mean_tokens": "mean", "max_tokens": "max"}
_MODULE_CLASSES = "sentence_transformers.models."


@dataclass(frozen=True)
class SentenceModel:
    """What a folder of sentence-transformers says beside the checkpoint of its encoder.

    Attributes:
        encoder: The folder of that checkpoint.
        embedding: What vectors are made of.
        max_length: Tokens of a text; None where it does not say.
        lowercases: Whether texts are put into lower case before they reach the tokenizer.
        prompt: What is put before each text unless a person says otherwise; empty for nothing.
    """

    encoder: Path
    embedding: EmbeddingDescription
    max_length: int | None = None
    lowercases: bool = False
    prompt: str = ""


def read_sentence_model(folder: Path) -> SentenceModel | None:
    """Reads what makes vectors of the hidden states of an encoder.

    Args:
        folder: The folder of a model.

    Returns:
        None where the folder is not one of sentence-transformers, or its encoder is not pooled.

    Raises:
        UserError: A file is damaged, or the vectors are made in another way than a mean or [CLS], normalized or not.
    """
    path = folder / MODULES
    if not path.is_file():
        return None
    modules = _read_modules(path)
    names = [name for name, _ in modules]
    if names == ["Transformer"]:
        return None
    others = [name for name in names if name not in ("Transformer", "Pooling", "Normalize")]
    if others or names[:2] != ["Transformer", "Pooling"] or names[2:] not in ([], ["Normalize"]):
        raise UserError(
            "A model of vectors must be a Transformer, a Pooling and at most a Normalize behind it. "
            f"Received: {', '.join(names) or 'no module'} in {path}",
            _ENCODER_ALONE,
        )
    encoder, place_of_pooling = folder / modules[0][1], folder / modules[1][1] / _POOLING_CONFIGURATION
    pooled = _read_pooling_settings(place_of_pooling)
    pooling, prompt = _pooling_of(pooled, place_of_pooling), _default_prompt(_read_settings(folder / PROMPTS))
    if prompt and pooling != "cls" and pooled.get("include_prompt") is False:
        raise UserError(
            "Vectors must be pooled over the whole text. "
            f"Received: include_prompt false in {place_of_pooling}, and a default prompt in {folder / PROMPTS}",
            f"Another pooling gives other vectors. {_ENCODER_ALONE}",
        )
    # Before version 2 the name of the family stood in the place of "bert".
    place = next(iter(sorted(encoder.glob(_ANY_SETTINGS))), encoder / SETTINGS)
    settings = _read_settings(place)
    return SentenceModel(
        encoder,
        EmbeddingDescription(pooling=pooling, normalize="Normalize" in names),
        _read_length(settings, place),
        settings.get("do_lower_case") is True,
        prompt,
    )


def _read_settings(path: Path) -> Mapping[str, Any]:
    """The values of a file that may be missing."""
    if not path.is_file():
        return {}
    try:
        return dict(read_json(path))
    except (OSError, ValueError, TypeError) as error:
        raise UserError(
            f"The settings of sentence-transformers must be readable. Received: {path}",
            "Restore the file that was published with the model.",
        ) from error


def _default_prompt(values: Mapping[str, Any]) -> str:
    prompts, name = values.get("prompts"), values.get("default_prompt_name")
    return str(prompts.get(name) or "") if isinstance(prompts, dict) and isinstance(name, str) else ""


def _read_modules(path: Path) -> list[tuple[str, str]]:
    """The name of the class and the folder of each module."""
    try:
        return [(str(one["type"]).rpartition(".")[2], str(one["path"])) for one in read_json(path)]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise UserError(
            f"{MODULES} must list modules with their type and path. Received: {path}",
            "Restore the file that was published with the model.",
        ) from error


def _read_pooling_settings(path: Path) -> dict[str, Any]:
    try:
        return dict(read_json(path))
    except (OSError, ValueError, TypeError) as error:
        raise UserError(
            f"The configuration of a pooling must be readable. Received: {path}",
            "Download the whole folder: `hf download MODEL --local-dir DIR`.",
        ) from error


def _pooling_of(values: Mapping[str, Any], path: Path) -> Pooling:
    modes = _pooling_modes(values)
    known: tuple[Pooling, ...] = get_args(Pooling)
    for pooling in known:
        if modes == [pooling]:
            return pooling
    raise UserError(
        f"Vectors must be pooled by {' or '.join(known)} alone. "
        f"Received: {' and '.join(modes) or 'no pooling'} in {path}",
        f"Another pooling gives other vectors. {_ENCODER_ALONE}",
    )


def _pooling_modes(values: Mapping[str, Any]) -> list[str]:
    """The names of the poolings whose vectors are put side by side; the library's default is a mean."""
    stated = values.get("pooling_mode")
    if stated is not None:
        return [str(mode) for mode in (stated if isinstance(stated, list) else [stated])]
    modes: dict[str, Any] = {"mean_tokens": True} | {
        name.removeprefix(_LEGACY): value for name, value in values.items() if name.startswith(_LEGACY)
    }
    return [_LEGACY_NAMES.get(name, name) for name, is_on in modes.items() if is_on]


def _read_length(settings: Mapping[str, Any], path: Path) -> int | None:
    length = settings.get("max_seq_length")
    if length is None or (isinstance(length, int) and not isinstance(length, bool) and length > 0):
        return length
    raise UserError(
        f"max_seq_length must be a number of tokens. Received: {length!r} in {path}", "Correct the file."
    )


def write_sentence_model(
    folder: Path, embedding: EmbeddingDescription | None, hidden_dim: int, max_length: int
) -> None:
    """Writes beside an encoder what sentence-transformers reads it with.

    Args:
        folder: The encoder's folder.
        embedding: What its vectors are made of; None for another model, beside which nothing is written.
        hidden_dim: Their width.
        max_length: Tokens of a text.
    """
    if embedding is None:
        return
    places = {"Transformer": "", "Pooling": POOLING_FOLDER}
    if embedding.normalize:
        places["Normalize"] = "2_Normalize"
    modules = [
        {"idx": index, "name": str(index), "path": path, "type": f"{_MODULE_CLASSES}{name}"}
        for index, (name, path) in enumerate(places.items())
    ]
    pooling: dict[str, object] = {"word_embedding_dimension": hidden_dim}
    pooling |= {f"{_LEGACY}{name}": mode == embedding.pooling for name, mode in _LEGACY_NAMES.items()}
    (folder / POOLING_FOLDER).mkdir()
    write_json(folder / MODULES, modules)
    write_json(folder / POOLING_FOLDER / _POOLING_CONFIGURATION, pooling)
    write_json(folder / SETTINGS, {"max_seq_length": max_length, "do_lower_case": False})
