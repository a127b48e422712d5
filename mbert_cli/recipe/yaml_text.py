"""The YAML of recipes: reading it with line numbers, and writing one value on one line.

PyYAML follows YAML 1.1, where `1e-4` is a string and `on` is true. Recipes are read by the rules of YAML 1.2
instead: a number is a number, and only true and false are booleans.
"""

import json
import math
import re
from dataclasses import dataclass

import yaml

from mbert_cli.json_text import MAX_DEPTH, TOO_DEEP
from mbert_cli.yaml_scalars import SCALARS, add_scalars

_PLAIN_TEXT = re.compile(r"[A-Za-z0-9_./~+^=-](?:[A-Za-z0-9_./~*+@%^=:\\ -]*[A-Za-z0-9_./~*+@%^=-])?$")


class YamlProblem(Exception):
    """A text is not a recipe's YAML.

    Args:
        message: What is wrong, without the place.
        line: Line of the text, from 1.
    """

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


class _RecipeLoader(yaml.SafeLoader):
    """SafeLoader with the scalars of YAML 1.2 and no other implicit types."""

    yaml_implicit_resolvers = {}


add_scalars(_RecipeLoader)


@dataclass(frozen=True)
class Entry:
    """One value of a recipe and where it was written.

    Attributes:
        value: A scalar, a list, or for a mapping a dict of further entries.
        line: Line of the value's key, from 1; 0 when it was not read from a file.
        replaces: A mapping replaces the section it stands for, instead of changing some of its keys.
    """

    value: object
    line: int = 0
    replaces: bool = False


def read_entries(text: str) -> dict[str, Entry]:
    """Reads a recipe file's text as a mapping of entries; an empty text is an empty mapping.

    Raises:
        YamlProblem: The text is not YAML, not a mapping, or has a key twice.
    """
    node = _compose(text)
    if node is None:
        return {}
    if not isinstance(node, yaml.MappingNode):
        raise YamlProblem("a recipe must be a mapping of keys to values", _line(node))
    return _mapping(node)


def read_value(text: str) -> object:
    """Reads one value: a scalar, a list, or a dict of `Entry`.

    Raises:
        YamlProblem: The text is not YAML.
    """
    node = _compose(text)
    return None if node is None else _value(node)


def read_plain(text: str) -> object:
    """Reads a scalar that stands alone and unquoted: null, true or false, a number, and any other text as it is."""
    kind = next((kind for kind, pattern in SCALARS.items() if pattern.match(text)), "str")
    return _value(yaml.ScalarNode(f"tag:yaml.org,2002:{kind}", text))


def plain(value: object) -> object:
    """The same value with the entries of mappings replaced by what they hold."""
    if isinstance(value, dict):
        return {key: plain(entry.value) for key, entry in value.items()}
    return value


def written(value: object) -> str:
    """One value as YAML on one line; `read_value` gives it back."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{written(k)}: {written(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(written(item) for item in value) + "]"
    if isinstance(value, float):
        return _written_float(value)
    if isinstance(value, str):
        return value if _is_plain(value) else json.dumps(value, ensure_ascii=False)
    return json.dumps(value)


def _compose(text: str) -> yaml.Node | None:
    try:
        node = yaml.compose(text, Loader=_RecipeLoader)
        if node is not None:
            _require_shallow(node)
        return node
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlProblem(f"not YAML: {error.problem}", mark.line + 1 if mark else 1) from None
    except yaml.reader.ReaderError as error:
        raise YamlProblem(f"not YAML: {error.reason}", text[: error.position].count("\n") + 1) from None
    except RecursionError:
        raise YamlProblem(TOO_DEEP, 1) from None


def _require_shallow(node: yaml.Node) -> None:
    """Refuses what is nested more deeply than any recipe, or inside itself by an alias."""
    level = {id(node): node}
    for _ in range(MAX_DEPTH):
        level = {id(part): part for outer in level.values() for part in _parts(outer)}
        if not level:
            return
    raise YamlProblem(TOO_DEEP, _line(next(iter(level.values()))))


def _parts(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _line(node: yaml.Node) -> int:
    return node.start_mark.line + 1


def _mapping(node: yaml.MappingNode) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else ""
        if not key:
            raise YamlProblem("a key must be a word", _line(key_node))
        if key in entries:
            raise YamlProblem(f"the key {key} is already given in line {entries[key].line}", _line(key_node))
        entries[key] = Entry(_value(value_node), _line(key_node))
    return entries


def _value(node: yaml.Node) -> object:
    if isinstance(node, yaml.MappingNode):
        return _mapping(node)
    if isinstance(node, yaml.SequenceNode):
        return [plain(_value(item)) for item in node.value]
    kind = node.tag.removeprefix("tag:yaml.org,2002:")
    text = node.value
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind in ("int", "float"):
        return _number(text, kind, node)
    if kind == "str":
        return text
    raise YamlProblem(f"the tag {node.tag} has no meaning in a recipe", _line(node))


def _number(text: str, kind: str, node: yaml.Node) -> int | float:
    if not SCALARS[kind].match(text):
        raise YamlProblem(f"not a number: {text}", _line(node))
    if kind == "int":
        return int(text)
    number = float(re.sub(r"\.(?=[iInN])", "", text))  # YAML writes .inf where Python reads inf
    # 1e5 is how people write a round number of steps; 1.5e3 and 10.0 stay what they are.
    is_whole = "e" in text.lower() and "." not in text and number.is_integer()
    return int(number) if is_whole else number


def _written_float(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    return repr(value)


def _is_plain(text: str) -> bool:
    if any(pattern.match(text) for pattern in SCALARS.values()):
        return False
    return (
        bool(_PLAIN_TEXT.match(text))
        and not text.startswith(("- ", "---"))
        and ": " not in text
        and text != "-"
    )
