"""What a word of YAML is by the rules of version 1.2, in which recipes are read.

PyYAML follows YAML 1.1, where `1e-4` is a string and `on` is true.
"""

import re

import yaml

_DIGITS = "[0-9]+(?:_[0-9]+)*"
SCALARS = {
    "null": re.compile(r"(?:~|null|Null|NULL|)$"),
    "bool": re.compile(r"(?:true|True|TRUE|false|False|FALSE)$"),
    "int": re.compile(rf"[-+]?{_DIGITS}$"),
    "float": re.compile(
        rf"(?:[-+]?(?:\.[0-9]+|{_DIGITS}(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)"
        r"|\.(?:nan|NaN|NAN))$"
    ),
}
"""Patterns by kind; every other word is a text."""


def add_scalars(reader_or_writer: type[yaml.SafeLoader] | type[yaml.SafeDumper]) -> None:
    """Has a loader read words by these rules, or a dumper quote the texts that they would take for something else.

    Args:
        reader_or_writer: A class of its own, which keeps the rules that it has.
    """
    for name, pattern in SCALARS.items():
        reader_or_writer.add_implicit_resolver(f"tag:yaml.org,2002:{name}", pattern, None)
