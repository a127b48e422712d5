"""How many tokens of a text another project's tokenizer keeps."""

from pathlib import Path

from mbert_cli.json_text import read_json
from mbert_cli.text.added_tokens import TOKENIZER_CONFIGURATION

LENGTH_FIELDS = ("model_max_length", "max_len")
"""Fields of tokenizer_config.json; the second one is older and counts where the first is missing."""

UNLIMITED = 10**20
"""A length of this or more stands for none: `transformers` writes 10^30."""


def find_max_length(folder: Path) -> int | None:
    """The most tokens that a tokenizer's configuration allows; None where it says none.

    Args:
        folder: Folder of the checkpoint, whose configuration can be read if it is there.
    """
    path = folder / TOKENIZER_CONFIGURATION
    if not path.is_file():
        return None
    values = read_json(path, "utf-8-sig")
    found = next((values[name] for name in LENGTH_FIELDS if values.get(name) is not None), None)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return int(found) if 1 <= found < UNLIMITED else None
