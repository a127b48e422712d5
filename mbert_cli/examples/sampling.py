"""Even samples of labelled examples."""

from typing import TypeVar

import numpy as np

from mbert_cli.examples.squad import Squad
from mbert_cli.examples.texts import Examples
from mbert_cli.examples.tokens import TokenExamples

Sampled = TypeVar("Sampled", Examples, Squad, TokenExamples)


def thin(examples: Sampled, max_examples: int | None) -> Sampled:
    """At most `max_examples` of the examples, evenly spaced; None keeps all."""
    count = len(examples)
    if max_examples is None or count <= max_examples:
        return examples
    return examples.take(np.arange(max_examples) * count // max_examples)
