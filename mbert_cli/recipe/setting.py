"""The value of `--set KEY=VALUE`, read as the person meant it who typed it.

A shell has taken the quotation marks away, so that a text arrives as it stands: a file may be called `my #1.csv`, a
pattern begin with `*` and a label be `yes`, which YAML would cut, refuse or take for something else. Numbers, true,
false, null, lists and sections are read as in a recipe; quotation marks that arrive are YAML's.
"""

from mbert_cli.recipe.keys import Key
from mbert_cli.recipe.yaml_text import YamlProblem, read_plain, read_value

_QUOTES = ('"', "'")


def read_setting(text: str, key: Key | None) -> object:
    """Reads what stands behind the equals sign: a scalar, a list, or a dict of `Entry`.

    Blanks around a value do not belong to it, unless it is a single blank, such as one that separates cells.

    Args:
        text: What was typed.
        key: The key that it is for; None where there is no such key.

    Raises:
        YamlProblem: The text is a list or a section that does not end, or what else YAML refuses there.
    """
    typed = text if len(text) == 1 else text.strip()
    if key is None or key.is_section:
        return read_value(typed)
    if typed.startswith(_QUOTES):
        return _unquoted(typed)
    if typed.startswith("[") and _takes_list(key):
        return _items(typed) if list[str] in key.types else read_value(typed)
    if str not in key.types:
        return read_value(typed) if typed.startswith(("[", "{")) else read_plain(typed)
    return _text(typed, key)


def _takes_list(key: Key) -> bool:
    return any(getattr(kind, "__origin__", None) is list for kind in key.types)


def _unquoted(typed: str) -> object:
    """What stands between quotation marks; all of it where they are part of a text, as in `"a" or "b"`."""
    try:
        return read_value(typed)
    except YamlProblem:
        return typed


def _items(typed: str) -> object:
    """The texts of a list, each as it was typed where none is quoted."""
    items = [item.strip() for item in typed[1:-1].split(",")]
    if items[-1] == "":
        items.pop()
    is_quoted = any(mark in typed for mark in _QUOTES)
    is_nested = any(item.count(first) != item.count(last) for item in items for first, last in ("[]", "{}"))
    return items if typed.endswith("]") and all(items) and not (is_quoted or is_nested) else read_value(typed)


def _text(typed: str, key: Key) -> object:
    """A text, or what else such a key takes: a whole number, or null."""
    value = read_plain(typed)
    if value is None and (type(None) in key.types or not typed):
        return None
    return value if isinstance(value, int) and int in key.types and not isinstance(value, bool) else typed
