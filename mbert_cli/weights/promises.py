"""What a configuration promises and the arrays of the file must hold, looked at before anything is built from it."""

import re
from collections.abc import Collection

from mbert_cli.errors import UserError
from mbert_cli.weights.configuration import Configuration
from mbert_cli.weights.fields import CONFIGURATION_FIELDS

LAYERS = {
    "tf1": "bert/encoder/layer_",
    "bert": "bert.encoder.layer.",
    "mobilebert": "mobilebert.encoder.layer.",
    "distilbert": "distilbert.transformer.layer.",
}
"""What stands before the number of a layer in names of its arrays, by format or family."""

NUMBER = r"(\d+)[./]"
FEED_FORWARD = r"(?:ffn\.|ffn_layer_)(\d+)[./]"
"""How such a name continues, and below the layer in a feed-forward network that another one follows."""

_MAX_NAMES = 3


def require_counts(names: Collection[str], configuration: Configuration, file_format: str) -> None:
    """Checks that there are as many layers and feed-forward networks as the configuration says.

    Raises:
        UserError: There are none, or fewer.
    """
    before = LAYERS["tf1" if file_format == "tf1" else configuration.family]
    pattern = re.escape(before) + NUMBER
    if not any(re.match(pattern, name) for name in names):
        raise UserError(
            f"A checkpoint of {configuration.family} must have layers under its own names, such as {before}0. "
            f"Received: {len(names):,} {'array' if len(names) == 1 else 'arrays'}, "
            f"such as {', '.join(sorted(names)[:_MAX_NAMES]) or 'none'}, "
            f"beside {configuration.path}",
            "Correct model_type, or save the model by its class in `transformers`.",
        )
    theirs = {ours: name for name, ours in CONFIGURATION_FIELDS[configuration.family].items()}
    size = configuration.size
    _require(theirs["num_layers"], size.num_layers, _count(names, pattern), configuration)
    if size.num_feedforward_networks > 1:
        found = _count(names, pattern + FEED_FORWARD) + 1
        _require(theirs["num_feedforward_networks"], size.num_feedforward_networks, found, configuration)


def _count(names: Collection[str], pattern: str) -> int:
    """Different numbers that the last group of a pattern stands for."""
    return len({match.groups()[-1] for match in (re.match(pattern, name) for name in names) if match})


def _require(field: str, promised: int, found: int, configuration: Configuration) -> None:
    if promised > found:
        raise UserError(
            f"{field} must be at most what the checkpoint has, {found}. "
            f"Received: {promised} in {configuration.path}",
            f"Set {field} to {found} if no file of the checkpoint is missing.",
        )


def require_tied(heads: Collection[str], names: Collection[str], configuration: Configuration) -> None:
    """Checks that a masked-LM head whose output layer is not the word table is not taken for one that has it.

    Raises:
        UserError: The configuration says that they are two, and the file has one.
    """
    if "masked_language_model" not in heads or configuration.values.get("tie_word_embeddings") is not False:
        return
    output = (
        "vocab_projector.weight" if configuration.family == "distilbert" else "cls.predictions.decoder.weight"
    )
    if output not in names:
        raise UserError(
            "A masked-LM head with tie_word_embeddings false must have its own output layer in the checkpoint. "
            f"Received: no {output} beside {configuration.path}",
            "Set tie_word_embeddings to true if the head was trained with the word table, as BERT's is.",
        )
