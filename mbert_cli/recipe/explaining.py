"""The keys of recipes explained: a tree of all, or one with its help, range, default and verbs."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from mbert_cli.errors import UserError
from mbert_cli.model.options import SIZES
from mbert_cli.recipe.keys import NO_DEFAULT, Key, keys_of
from mbert_cli.recipe.problems import either
from mbert_cli.recipe.schema import RECIPES
from mbert_cli.recipe.yaml_text import written


@dataclass(frozen=True)
class Explanation:
    """One key as the recipes of some verbs have it.

    Attributes:
        path: Its full path.
        help: What it means.
        facts: What else there is to say: name and words.
        keys: For a section, the keys in it: path and help.
    """

    path: str
    help: str
    facts: list[tuple[str, str]]
    keys: list[tuple[str, str]]


def tree(verb: str) -> list[tuple[str, str, str]]:
    """All keys of a verb, indented as they nest, with default and help; required ones have no default.

    A key that means something else with another variant of its section stands once for each meaning.
    """
    rows, seen = [], set()
    for key in keys_of(verb):
        if _meaning(key) not in seen:
            seen.add(_meaning(key))
            indent = "  " * key.path.count(".")
            rows.append(
                (f"{indent}{key.path.rpartition('.')[2]}", _shown_default(verb, key), _help(verb, key))
            )
    return rows


def explain(name: str, verbs: Sequence[str] = tuple(RECIPES)) -> list[Explanation]:
    """Explains a key given by its path or by its last word.

    Args:
        name: `train.optimizer.learning_rate`, or `learning_rate`.
        verbs: Verbs whose recipes are searched.

    Returns:
        One explanation for each path of that name and, where verbs differ, for each meaning.

    Raises:
        UserError: No recipe of these verbs has such a key.
    """
    known = list(dict.fromkeys(key.path for verb in verbs for key in keys_of(verb)))
    paths = [name] if name in known else [path for path in known if path.endswith(f".{name}")]
    if not paths:
        raise _unknown(name, verbs, known)
    return [explanation for path in paths for explanation in _explanations(path, verbs)]


def size_rows() -> tuple[list[str], list[list[str]]]:
    """Columns and rows of the table of model sizes."""
    fields = {
        "layers": "num_layers", "hidden": "hidden_dim", "inside": "intra_dim", "heads": "num_heads",
        "feed-forward": "intermediate_dim", "networks": "num_feedforward_networks",
        "embedding": "embedding_dim", "normalization": "normalization", "activation": "activation",
    }  # fmt: skip
    rows = [
        [
            name,
            *("" if getattr(size, field) is None else str(getattr(size, field)) for field in fields.values()),
        ]
        for name, size in SIZES.items()
    ]
    return ["size", *fields], rows


def _explanations(path: str, verbs: Sequence[str]) -> list[Explanation]:
    """Verbs and variants whose key means the same share one explanation."""
    groups: dict[tuple[str, str], list[str]] = {}
    for verb in verbs:
        for meaning in dict.fromkeys(_meaning(key) for key in keys_of(verb) if key.path == path):
            groups.setdefault(meaning, []).append(verb)
    return [_explanation(path, meaning, group) for meaning, group in groups.items()]


def _meaning(key: Key) -> tuple[str, str]:
    """What a key means; what chooses a variant of a section means that, whatever it says of each."""
    return key.path, "" if key.is_discriminator else key.help


def _same_meaning(verb: str, key: Key) -> list[Key]:
    """The keys of a verb that mean what one of them means: one of each variant that has it."""
    return [other for other in keys_of(verb) if _meaning(other) == _meaning(key)]


def _explanation(path: str, meaning: tuple[str, str], verbs: Sequence[str]) -> Explanation:
    keys = [key for key in keys_of(verbs[0]) if _meaning(key) == meaning]
    accepts = list(dict.fromkeys(key.accepts for key in keys))
    if keys[0].is_discriminator:
        facts = [("takes", f"one of {', '.join(accepts)}"), *((key.accepts, key.help) for key in keys)]
    else:
        facts = [("takes", "; ".join(accepts))]
        facts += _variant_facts(verbs, keys[0])
    facts += _default_facts(keys[0], verbs)
    facts.append(("recipes of", ", ".join(verbs)))
    nested = [key for key in keys_of(verbs[0]) if key.path.rpartition(".")[0] == path]
    below = dict.fromkeys((key.path, _help(verbs[0], key)) for key in nested)
    return Explanation(path, _help(verbs[0], keys[0], short=True), facts, list(below))


def _help(verb: str, key: Key, short: bool = False) -> str:
    """The help of a key with the variants that have it, unless its section is theirs alone.

    That of a discriminator names its choices.
    """
    if key.is_discriminator:
        choices = [other.accepts for other in _same_meaning(verb, key)]
        return "Decides which keys the section has" + ("." if short else f": {', '.join(choices)}.")
    variants = "" if short else _variants(verb, key)
    section = key.path.rpartition(".")[0]
    if any(_variants(verb, other) == variants for other in keys_of(verb) if other.path == section):
        variants = ""
    return f"{key.help} Only for {variants}." if variants else key.help


def _variants(verb: str, key: Key) -> str:
    """The variants that have a key of one meaning, where not all variants of its section do."""
    having = [other.variant for other in _same_meaning(verb, key)]
    tag = having[0].partition(":")[0]
    possible = [other.variant for other in keys_of(verb) if other.path == tag]
    return "" if not tag or having == possible else either(having)


def _variant_facts(verbs: Sequence[str], key: Key) -> list[tuple[str, str]]:
    """The variants that have a key, with the verbs where these differ."""
    owners: dict[str, list[str]] = {}
    for verb in verbs:
        owners.setdefault(_variants(verb, _same_meaning(verb, key)[0]), []).append(verb)
    named = [
        (words, f" ({', '.join(having)})" * (len(owners) > 1)) for words, having in owners.items() if words
    ]
    return [("only for", f"{words}{having}") for words, having in named]


def _default_facts(key: Key, verbs: Sequence[str]) -> list[tuple[str, str]]:
    defaults: dict[str, list[str]] = {}
    for verb in verbs:
        keys = _same_meaning(verb, key)
        for shown in [] if keys[0].is_section else _default_words(_chosen(verb, keys)):
            defaults.setdefault(shown, []).append(verb)
    if len(defaults) == 1:
        return [("default", next(iter(defaults)))]
    return [("default", f"{shown} ({', '.join(owners)})") for shown, owners in defaults.items()]


def _chosen(verb: str, keys: Sequence[Key]) -> list[Key]:
    """Keeps only the default among the variants of a discriminator, where there is one."""
    section = keys[0].path.rpartition(".")[0]
    default = next((key.default for key in keys_of(verb) if key.path == section), None)
    if not keys[0].is_discriminator or not isinstance(default, dict):
        return list(keys)
    return [key for key in keys if key.default is not NO_DEFAULT]


def _default_words(keys: Sequence[Key]) -> list[str]:
    """The defaults that a key has, each with the variants that have it where there is more than one."""
    variants: dict[str, list[str]] = {}
    for key in keys:
        words = "none, it must be given" if key.default is NO_DEFAULT else written(key.default)
        variants.setdefault(words, []).append(key.variant)
    if len(variants) == 1:
        return list(variants)
    return [f"{words} with {either(having)}" for words, having in variants.items()]


def _shown_default(verb: str, key: Key) -> str:
    if key.is_section:
        return ""
    keys = _same_meaning(verb, key)
    shown = ["" if other.default is NO_DEFAULT else written(other.default) for other in _chosen(verb, keys)]
    return next((text for text in shown if text), "")


def _unknown(name: str, verbs: Sequence[str], known: Sequence[str]) -> UserError:
    words = list(dict.fromkeys([*known, *(path.rpartition(".")[2] for path in known), *RECIPES]))
    near = difflib.get_close_matches(name, words, n=1)
    guess = f" Did you mean {near[0]}?" if near else ""
    owner = f"{verbs[0]} recipes have" if len(verbs) == 1 else "a recipe has"
    return UserError(
        f"The key must be one that {owner}.{guess} Received: {name}",
        f"`mbert recipe explain {verbs[0] if len(verbs) == 1 else 'VERB'}` lists all keys of a verb.",
    )
