"""Copies of an example in which words are replaced."""

from collections.abc import Mapping, Sequence

import numpy as np

from mbert_cli.augment.candidates import ReplaceableWord

COPIES: Mapping[str, int] = {"mnli": 10, "qqp": 10, "sst2": 20, "qnli": 20}
"""Copies of an example by the name of the task, as in the code of TinyBERT's authors."""
OTHER_COPIES = 30
"""And of every other task."""


def replaced_copies(
    texts: Sequence[str],
    choices: Sequence[Sequence[ReplaceableWord]],
    copies: int,
    probability: float,
    generator: np.random.Generator,
) -> list[tuple[str, ...]]:
    """Copies of an example, each once and none of them the example itself.

    In each copy each word is replaced with the same probability, whatever becomes of the others, by any of its
    candidates. Both texts of a pair are replaced in this way.

    Args:
        texts: The text of the example, or both of a pair.
        choices: What may be replaced in each.
        copies: How many are made, before those that are alike are dropped.
        probability: That a word is replaced.
        generator: Draws.
    """
    counts = [[len(choice.candidates) for choice in found] for found in choices]
    total = sum(map(len, counts))
    if not total:
        return []
    bounds = np.concatenate([np.array(count, np.int64) for count in counts])
    is_replaced = generator.random((copies, total)) < probability
    drawn = np.where(is_replaced, generator.integers(0, bounds, (copies, total)), -1).tolist()
    made = dict.fromkeys(_copy(texts, choices, row) for row in drawn)
    made.pop(tuple(texts), None)
    return list(made)


def _copy(
    texts: Sequence[str], choices: Sequence[Sequence[ReplaceableWord]], drawn: list[int]
) -> tuple[str, ...]:
    """The example with the candidates that were drawn; -1 leaves a word."""
    place, copied = 0, []
    for text, found in zip(texts, choices, strict=True):
        parts, end = [], 0
        for choice in found:
            if drawn[place] >= 0:
                parts += [text[end : choice.word.first], choice.candidates[drawn[place]]]
                end = choice.word.end
            place += 1
        copied.append("".join([*parts, text[end:]]))
    return tuple(copied)


def draws_of(seed: int, example: int) -> np.random.Generator:
    """The draws for one example, the same whatever else is drawn."""
    return np.random.Generator(np.random.Philox(key=[seed, example]))
