"""What is wrong with a recipe, said in plain words: unknown keys, and values of a wrong type or range."""

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence

from pydantic import ValidationError

from mbert_cli.recipe.keys import Key, keys_of
from mbert_cli.recipe.list_items import wrong_item
from mbert_cli.recipe.schema import RECIPES
from mbert_cli.recipe.yaml_text import Entry, written
from mbert_cli.word_lists import joined

MOVED = {
    "distill.progressive.finished_layer_scale": "distill.finished_layer_scale",
    "distill.progressive.warmup_rate": "distill.warmup_rate",
}
"""Keys of earlier versions and what they are called now."""

USUAL_NAMES = {
    "batch": "batch_size", "bs": "batch_size", "dropout": "dropout_rate", "heads": "num_heads",
    "hidden_size": "hidden_dim", "layers": "num_layers", "length": "sequence_length", "lr": "learning_rate",
    "max_len": "sequence_length", "max_length": "sequence_length", "max_seq_length": "sequence_length",
    "wd": "weight_decay",
}  # fmt: skip
"""What keys are called elsewhere, or in short."""


def unknown_key(
    verb: str, path: str, siblings: Sequence[str], chosen: str = "", entry: Entry | None = None
) -> str:
    """Says why a key is not known and which one was meant.

    Args:
        verb: The verb of the recipe.
        path: Full path of the key as it was written.
        siblings: Names of the keys that its section has.
        chosen: For a section with variants, the one that is chosen: `task.source: glue`.
        entry: What stands there; for an unknown section the first key is named.
    """
    owners = variants_with(verb, path)
    if owners:
        return f"{_first_key(path, entry)}: only for {either(owners)}. Received: {chosen}"
    section = path.rpartition(".")[0]
    prefix = f"{section}." if section else ""
    path = _first_key(path, entry)
    if path in MOVED:
        return f"{path}: unknown key. It is {MOVED[path]} now."
    name = path.rpartition(".")[2]
    # What was typed behind --set is one value, and a section has several; null stands for it as a whole.
    takes_sections = entry is None or entry.line > 0 or entry.value is None
    if elsewhere := _paths_named(verb, name, chosen, prefix, takes_sections):
        return f"{path}: unknown key. It belongs elsewhere: write {' or '.join(elsewhere)}."
    verbs = [other for other in RECIPES if other != verb and path in {key.path for key in keys_of(other)}]
    if verbs:
        return f"{path}: unknown key. It belongs to recipes of {', '.join(verbs)}."
    if meant := _paths_meant(verb, path, prefix, siblings, chosen, takes_sections):
        return f"{path}: unknown key. Did you mean {joined(meant)}?"
    owner = section or f"a recipe of {verb}"
    return f"{path}: unknown key. The keys of {owner} are {', '.join(siblings)}."


def variants_with(verb: str, path: str) -> list[str]:
    """The variants of sections that have a key: `task.source: glue`."""
    return list(dict.fromkeys(key.variant for key in keys_of(verb) if key.path == path))


def either(variants: Sequence[str]) -> str:
    """Variants in words, those of one section together: `task.source: glue or file`."""
    chosen: dict[str, list[str]] = {}
    for variant in variants:
        tag, _, value = variant.partition(": ")
        chosen.setdefault(tag, []).append(value)
    return " or ".join(f"{tag}: {joined(values)}" for tag, values in chosen.items())


def _first_key(path: str, entry: Entry | None) -> str:
    """The path of the first value of a section: what was typed behind `--set`."""
    while entry is not None and isinstance(entry.value, dict) and entry.value:
        name, entry = next(iter(entry.value.items()))
        path = f"{path}.{name}"
    return path


def wrong_value(key: Key, value: object) -> str:
    """Says what a key takes and what it got."""
    near = difflib.get_close_matches(str(value), key.choices, n=1) if isinstance(value, str) else []
    guess = f" Did you mean {near[0]}?" if near else ""
    quotes = ""
    if isinstance(value, int | float) and key.accepts.startswith("text"):
        quotes = f' Write it in quotes: "{written(value)}".'
    elif isinstance(value, list) and "list of texts" in key.accepts and _numbers_in(value):
        texts = [written(item) if isinstance(item, int | float) else item for item in value]
        quotes = f" Write each in quotes: {json.dumps(texts)}."
    elif isinstance(value, str | int | float) and key.accepts.startswith("a list of"):
        # In 0,2,4 the commas part the numbers: what was typed needs brackets and no quotes.
        whole = isinstance(value, str) and "numbers" in key.accepts
        quotes = f" Write it in brackets: [{value if whole else written(value)}]."
    return f"{key.path} must be {key.accepts}.{guess}{quotes} Received: {written(value)}"


def _numbers_in(values: Sequence[object]) -> bool:
    return any(isinstance(value, int | float) for value in values)


def wrong_choice(path: str, choices: Sequence[str], value: object) -> str:
    """Says which words a key takes and what it got."""
    near = difflib.get_close_matches(str(value), choices, n=1)
    guess = f" Did you mean {near[0]}?" if near else ""
    return f"{path} must be one of {', '.join(choices)}.{guess} Received: {written(value)}"


def wrong_values(verb: str, values: Mapping[str, object], error: ValidationError) -> dict[str, str]:
    """One sentence for each key, or section, that pydantic refused, by its path."""
    sentences: dict[str, str] = {}
    for problem in error.errors(include_url=False):
        in_list = wrong_item(verb, values, problem, wrong_value)
        if in_list is not None:
            sentences.setdefault(*in_list)
            continue
        path, value = _located(values, problem["loc"], problem["type"] == "missing")
        if problem["type"] == "value_error":
            sentences.setdefault(path, _broken_rule(path, str(problem["ctx"]["error"]), value))
            continue
        key = find_key(verb, path, values)
        if problem["type"] == "missing":
            sentences[path] = f"{path} is missing: it must be {key.accepts}."
        else:
            sentences[path] = wrong_value(key, value)
    # A rule over several keys is not worth a word while one of those keys is wrong by itself.
    return {
        path: text
        for path, text in sentences.items()
        if not any(other.startswith(f"{path}.") for other in sentences)
    }


def _broken_rule(path: str, rule: str, value: object) -> str:
    """The sentence for a rule of a section's own, which calls a key by its name where it is about one."""
    received = "" if "Received: " in rule or isinstance(value, dict) else f". Received: {written(value)}"
    name = path.rpartition(".")[2]
    if name and rule.startswith(f"{name} "):
        return f"{path}{rule.removeprefix(name)}{received}"
    return f"{path}: {rule}{received}" if path else rule


def without_keys(path: str, held: object) -> str:
    """The sentence for a key that was set as if it were a section; a list of sections is set as a whole."""
    if isinstance(held, list) and held and all(isinstance(item, dict) for item in held):
        return (
            f"{path} is a list, whose items are changed in a file of your own; --set '{path}=[...]' replaces all of "
            "them."
        )
    return f"{path} has no keys of its own."


def wrong_choices(verb: str, values: Mapping[str, object]) -> dict[str, str]:
    """One sentence for each key whose value is none of the schema's listed choices, by its path."""
    listed = {key.path: key for key in keys_of(verb) if key.accepts.startswith("one of ")}
    found = {path: value for path, value in leaves(values) if path in listed}
    return {p: wrong_value(listed[p], v) for p, v in found.items() if v not in listed[p].choices}


def find_key(verb: str, path: str, values: Mapping[str, object]) -> Key:
    """The key at a path, of the variant that the values have chosen."""
    present = {f"{p}: {v}" for p, v in leaves(values)}
    keys = [key for key in keys_of(verb) if key.path == path]
    return next((key for key in keys if key.variant in present), keys[0])


def leaves(values: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """All values that are not sections, with their paths."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _located(
    values: Mapping[str, object], location: Sequence[str | int], is_missing: bool
) -> tuple[str, object]:
    """Follows pydantic's location down to a key; parts that name a member of a union are passed over."""
    path: list[str] = []
    value: object = values
    for index, part in enumerate(location):
        if not isinstance(value, dict):
            break
        is_absent_key = is_missing and index == len(location) - 1
        if part in value or is_absent_key:
            path.append(str(part))
            value = value.get(part)
    return ".".join(path), value


def _paths_meant(
    verb: str, path: str, prefix: str, siblings: Sequence[str], chosen: str, takes_sections: bool
) -> list[str]:
    """Keys whose names are like one that there is not: of its section, by its usual name, or anywhere."""
    name = path.rpartition(".")[2]
    known = [key.path for key in keys_of(verb) if takes_sections or not key.is_section]
    beside = [sibling for sibling in siblings if f"{prefix}{sibling}" in known]
    if near := difflib.get_close_matches(path.removeprefix(prefix), beside, n=1, cutoff=0.7):
        return [f"{prefix}{near[0]}"]
    if usual := _paths_named(verb, USUAL_NAMES.get(name, ""), chosen, prefix, takes_sections):
        return usual
    if far := difflib.get_close_matches(path, known, n=1, cutoff=0.75):
        return far
    names = {other.rpartition(".")[2]: other for other in known}
    return [names[near] for near in difflib.get_close_matches(name, names, n=1, cutoff=0.75)]


def _paths_named(verb: str, name: str, chosen: str, prefix: str, takes_sections: bool) -> list[str]:
    """The paths of the keys with a name, without those that what is chosen excludes; of the same section, if any."""
    tag = chosen.partition(":")[0]
    keys = [key for key in keys_of(verb) if key.path.rpartition(".")[2] == name]
    keys = [key for key in keys if takes_sections or not key.is_section]
    keys = [key for key in keys if key.variant in ("", chosen) or key.variant.partition(":")[0] != tag]
    paths = list(dict.fromkeys(key.path for key in keys))
    return [path for path in paths if prefix and path.startswith(prefix)] or paths
