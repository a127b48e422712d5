"""`mbert predict` with a model that labels tokens: texts -> the entities in them, or the tag of each word."""

from collections.abc import Iterator, Sequence

import numpy as np

from mbert_cli import console
from mbert_cli.evaluate.entities import Entity, find_entities
from mbert_cli.examples.tokens import TokenExamples
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.tasks.asked_questions import show_around
from mbert_cli.tasks.asked_texts import Texts
from mbert_cli.tasks.encoding import TaskSet

NO_ENTITY = "(no entity)"


def entity_examples(texts: list[str]) -> TokenExamples:
    """Texts as examples of which nobody knows the entities."""
    return TokenExamples(texts, [[] for _ in texts], None)


def show_entities(invocation: Invocation, encoded: TaskSet, outputs: np.ndarray, texts: Texts) -> None:
    """Prints the entities of each text, or all its words, with their probabilities, or everything as JSONL.

    Args:
        invocation: The command.
        encoded: Those of the texts that are not blank, as the model sees them.
        outputs: What it says about them.
        texts: The texts.
    """
    entities = _entities(encoded, outputs, texts.examples().texts)
    by_place = dict(zip(texts.present, entities, strict=True))
    found = [(text, by_place.get(place, [])) for place, text in enumerate(texts.texts)]
    from mbert_cli.evaluate.tag_judge import TagJudge

    are_words = isinstance(encoded.judge, TagJudge)
    if invocation.jsonl:
        for text, entities in found:
            records = [vars(entity) | {"probability": round(entity.probability, 6)} for entity in entities]
            name = "words" if are_words else "entities"
            console.record({"text": text, name: records})
        return
    rows = [row for text, entities in found for row in _rows(text, entities)]
    what = "word" if are_words else "entity"
    console.table("", [what, "label", "probability", "character", "in the text"], rows)


def _entities(encoded: TaskSet, outputs: np.ndarray, texts: Sequence[str]) -> Iterator[list[Entity]]:
    words, judge = encoded.rows.words, encoded.judge
    probabilities = judge.probabilities(outputs)
    for index, (text, labels) in enumerate(zip(texts, judge.decide(outputs), strict=True)):
        part = slice(words.word_splits[index], words.word_splits[index + 1])
        groups = judge.group(labels)
        yield find_entities(text, groups, probabilities[part], words.starts[part], words.ends[part])


def _rows(text: str, entities: Sequence[Entity]) -> list[tuple[str, ...]]:
    if not entities:
        return [(NO_ENTITY, "", "", "", show_around(text, 0, 0))]
    return [
        (
            " ".join(entity.text.split()),
            entity.label,
            f"{entity.probability:.1%}",
            f"{entity.start:,}",
            show_around(text, entity.start, entity.end),
        )
        for entity in entities
    ]
