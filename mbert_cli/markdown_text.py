"""Text of others, as labels and names of files, in a page of Markdown."""

import re

from mbert_cli.standard_streams import printable

_SPECIAL = re.compile(r"[\\`*<>\[\]|~&$]|(?<![^\W_])_|_(?![^\W_])")
"""What Markdown or GitHub would read as more than a character; an underscore inside a word is one."""


def markdown_text(text: str) -> str:
    """The text with a backslash before whatever Markdown would take for more than itself; its lines stay lines."""
    return _SPECIAL.sub(r"\\\g<0>", printable(text))
