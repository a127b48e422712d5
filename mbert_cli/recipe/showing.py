"""A complete recipe as YAML, each value with the place it comes from."""

from collections.abc import Iterator, Mapping
from typing import Any

from mbert_cli.recipe.loading import LoadedRecipe
from mbert_cli.recipe.yaml_text import written


def show(loaded: LoadedRecipe[Any]) -> list[str]:
    """Lines of YAML that load as the same recipe; behind each value stands its origin as a comment."""
    lines = list(_lines(loaded.values(), "", loaded.origins))
    width = max(len(text) for text, origin in lines if origin)
    return [f"{text:<{width}}  # {origin}" if origin else text for text, origin in lines]


def _lines(
    values: Mapping[str, object], prefix: str, origins: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    indent = "  " * prefix.count(".")
    for name, value in values.items():
        path = f"{prefix}{name}"
        if isinstance(value, dict) and path not in origins:
            yield f"{indent}{name}:", ""
            yield from _lines(value, f"{path}.", origins)
        else:
            yield f"{indent}{name}: {written(value)}", origins.get(path, "default")
