"""`mbert recipe explain`: keys, the values that a recipe gives them, and what a size costs."""

from collections.abc import Sequence

from mbert_cli import console
from mbert_cli.errors import UserError
from mbert_cli.model.cost import USUAL_VOCABULARY, count_flops, count_parameters, size_bytes
from mbert_cli.model.options import SIZES, Architecture
from mbert_cli.recipe.explaining import Explanation, explain, size_rows, tree
from mbert_cli.recipe.files import find_recipe, header
from mbert_cli.recipe.loading import load
from mbert_cli.recipe.problems import leaves
from mbert_cli.recipe.schema import RECIPES
from mbert_cli.recipe.words import RecipeWords, find_recipe_words
from mbert_cli.recipe.yaml_text import written
from mbert_cli.tflite.modes import MODES, Mode

SIZE_KEY = "model.size"
LENGTHS = (128, 512)


def explain_key(words: Sequence[str]) -> None:
    """Prints the tree of a verb's keys, or what is to be said of one key.

    Args:
        words: VERB, RECIPE and KEY, each of which may be left out.

    Raises:
        UserError: There is no such verb, recipe or key.
    """
    named = find_recipe_words(words)
    if len(named.rest) > 1:
        raise UserError(
            f"One key is explained at a time. Received: {' '.join(named.rest)}",
            "mbert recipe explain [VERB] [RECIPE] [KEY]",
        )
    if not named.rest:
        _explain_trees(named)
        return
    for explanation in explain(named.rest[0], [named.verb] if named.verb else list(RECIPES)):
        _print_explanation(explanation, named)


def _explain_trees(named: RecipeWords) -> None:
    if named.verb and named.recipe:
        _explain_recipe(named.verb, named.recipe)
        return
    for verb in [named.verb] if named.verb else RECIPES:
        console.table(f"{verb}: {RECIPES[verb].__doc__}", ["key", "default", "what it is"], tree(verb))


def _explain_recipe(verb: str, name: str) -> None:
    """The recipe's header, and the keys that it has with its own values."""
    file = find_recipe(verb, name)
    for line in header(file.path):
        console.result(line)
    values = dict(leaves(load(verb, name).values()))
    rows = [(path, written(value), _help_of(verb, path)) for path, value in values.items()]
    console.result("")
    console.table(file.shown, ["key", "value", "what it is"], rows)


def _help_of(verb: str, path: str) -> str:
    return explain(path, [verb])[0].help


def _print_explanation(explanation: Explanation, named: RecipeWords) -> None:
    rows = [("what it is", explanation.help), *explanation.facts]
    if named.verb and named.recipe:
        values = dict(leaves(load(named.verb, named.recipe).values()))
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
    mode_bytes = {"kernel_bytes": mode.kernel_bytes, "vector_bytes": mode.vector_bytes}
    return size_bytes(size, USUAL_VOCABULARY, **mode_bytes) / 1e6


def _print_costs() -> None:
    """Parameters, sizes of artifacts and arithmetic of all sizes, with the rules by which they are counted."""
    columns = ["size", "parameters", *(f"{mode.replace('_', ' ')} MB" for mode in MODES)]
    columns += [f"GFLOPs at {length}" for length in LENGTHS]
    rows = [
        (
            name,
            f"{count_parameters(size, USUAL_VOCABULARY):,}",
            *(f"{_megabytes(size, mode):.1f}" for mode in MODES.values()),
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
        "MB: weights alone, 4 or 2 bytes each; dynamic_int8 has 1 byte for kernels and word table, 4 for the rest."
    )
    console.result(
        f"GFLOPs: billions of operations for one text of {' and of '.join(map(str, LENGTHS))} tokens, twice the "
        "multiplications of all matrix products; those of attention grow with the square of the length."
    )
