"""Even samples of labelled examples."""

from typing import TypeVar

from mbert_cli.examples.squad import Squad
from mbert_cli.examples.texts import Examples
from mbert_cli.examples.tokens import TokenExamples
from mbert_cli.spread import spread_places

Sampled = TypeVar("Sampled", Examples, Squad, TokenExamples)


def thin(examples: Sampled, max_examples: int | None) -> Sampled:
    """At most `max_examples` of the examples, evenly spaced; None keeps all."""
    if max_examples is None or len(examples) <= max_examples:
        return examples
    return examples.take(spread_places(len(examples), max_examples))
