"""`mbert recipe explain`: keys, the values that a recipe gives them, and what a size costs."""

from collections.abc import Sequence
from dataclasses import replace

from mbert_cli import console
from mbert_cli.errors import UserError
from mbert_cli.model.cost import USUAL_VOCABULARY, count_flops, count_parameters, size_bytes
from mbert_cli.model.options import SIZES, Architecture
from mbert_cli.recipe.explaining import Explanation, explain, size_rows, tree
from mbert_cli.recipe.files import find_recipe, header
from mbert_cli.recipe.forms import usual_recipe
from mbert_cli.recipe.idle_keys import never_read
from mbert_cli.recipe.loading import load
from mbert_cli.recipe.problems import find_key, leaves
from mbert_cli.recipe.schema import RECIPES
from mbert_cli.recipe.words import RecipeWords, find_recipe_words
from mbert_cli.recipe.yaml_text import written
from mbert_cli.tflite.modes import MODES, Mode

SIZE_KEY = "model.size"
LENGTHS = (128, 512)


def explain_key(words: Sequence[str], settings: Sequence[str] = ()) -> None:
    """Prints the tree of a verb's keys, or what is to be said of one key.

    Args:
        words: VERB, RECIPE and KEY, each of which may be left out.
        settings: Values of `--set`, which may choose other keys; they need a verb.

    Raises:
        UserError: There is no such verb, recipe or key.
    """
    named = find_recipe_words(words)
    if settings and not named.verb:
        raise UserError(
            f"--set changes a recipe of a verb. Received: {' '.join(words) or 'no verb'}",
            "mbert recipe explain VERB [RECIPE] [KEY] --set KEY=VALUE",
        )
    if settings and not named.recipe:
        named = replace(named, recipe=usual_recipe(str(named.verb), settings))
    if len(named.rest) > 1:
        raise UserError(
            f"One key is explained at a time. Received: {' '.join(named.rest)}",
            "mbert recipe explain [VERB] [RECIPE] [KEY]",
        )
    if not named.rest:
        _explain_trees(named, settings)
        return
    for explanation in explain(named.rest[0], [named.verb] if named.verb else list(RECIPES)):
        _print_explanation(explanation, named, settings)


def _explain_trees(named: RecipeWords, settings: Sequence[str]) -> None:
    if named.verb and named.recipe:
        _explain_recipe(named.verb, named.recipe, settings)
        return
    for verb in [named.verb] if named.verb else RECIPES:
        console.table(f"{verb}: {RECIPES[verb].__doc__}", ["key", "default", "what it is"], tree(verb))


def _explain_recipe(verb: str, name: str, settings: Sequence[str]) -> None:
    """The recipe's header, and the keys that it has with its own values."""
    file = find_recipe(verb, name)
    for line in header(file.path):
        console.result(line)
    values = load(verb, name, settings).values()
    unread = never_read(verb, dict(leaves(values)))
    rows = [
        (path, written(value), find_key(verb, path, values).help)
        for path, value in leaves(values)
        if path not in unread
    ]
    console.result("")
    console.table(file.shown, ["key", "value", "what it is"], rows)


def _print_explanation(explanation: Explanation, named: RecipeWords, settings: Sequence[str]) -> None:
    rows = [("what it is", explanation.help), *explanation.facts]
    if named.verb and named.recipe:
        values = dict(leaves(load(named.verb, named.recipe, settings).values()))
        if explanation.path in values:
            rows.append((f"in {named.recipe}", written(values[explanation.path])))
    console.table(explanation.path, ["", ""], rows)
    if explanation.path == SIZE_KEY:
        console.table("Sizes", *size_rows())
        _print_costs()
    if explanation.keys:
        console.table("Its keys", ["", ""], explanation.keys)


def _megabytes(size: Architecture, mode: Mode) -> float:
    """Size of an encoder's weights in a file of a mode."""
    return (
        size_bytes(
            size,
            USUAL_VOCABULARY,
            kernel_bytes=mode.kernel_bytes,
            table_bytes=mode.table_bytes,
            vector_bytes=mode.vector_bytes,
        )
        / 1e6
    )


def _print_costs() -> None:
    """Parameters, sizes of artifacts and arithmetic of all sizes, with the rules by which they are counted."""
    by_weights = {mode.weights: mode for mode in MODES.values()}
    columns = ["size", "parameters", *(f"{weights} MB" for weights in by_weights)]
    columns += [f"GFLOPs at {length}" for length in LENGTHS]
    rows = [
        (
            name,
            f"{count_parameters(size, USUAL_VOCABULARY):,}",
            *(f"{_megabytes(size, mode):.1f}" for mode in by_weights.values()),
            *(f"{count_flops(size, length) / 1e9:.2f}" for length in LENGTHS),
        )
        for name, size in SIZES.items()
    ]
    console.table("What they cost", columns, rows)
    console.result(
        f"Encoders without heads, with BERT's vocabulary of {USUAL_VOCABULARY:,} tokens; every token adds as many "
        "parameters as the embedding is wide."
    )
    console.result(
        "MB: weights alone, 4 or 2 bytes each. int8 has 1 byte for kernels and word table and 4 for the rest, "
        "and int4 has half a byte for kernels; scales of channels come on top."
    )
    console.result(
        f"GFLOPs: billions of operations for one text of {' and of '.join(map(str, LENGTHS))} tokens, twice the "
        "multiplications of all matrix products; those of attention grow with the square of the length."
    )
