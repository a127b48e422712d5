"""Tags of words in every scheme become the same pieces of a text."""

import pytest

from mbert_cli.examples.token_tags import sentence_of, tag_spans


@pytest.mark.parametrize(
    ("scheme", "tags"),
    [
        ("IOB1", "I-P I-P O I-L I-P B-P I-P O"),
        ("IOB2", "B-P I-P O B-L B-P B-P I-P O"),
        ("IOE1", "I-P I-P O I-L E-P I-P I-P O"),
        ("IOE2", "I-P E-P O E-L E-P I-P E-P O"),
        ("BIOES", "B-P E-P O S-L S-P B-P E-P O"),
        ("BILOU", "B-P L-P O U-L U-P B-P L-P O"),
    ],
)
def test_every_scheme_says_the_same(scheme, tags):
    assert tag_spans(tags.split()) == [(0, 1, "P"), (3, 3, "L"), (4, 4, "P"), (5, 6, "P")]


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ("O O", []),
        ("I-P I-L", [(0, 0, "P"), (1, 1, "L")]),
        ("B-P I-L I-L", [(0, 0, "P"), (1, 2, "L")]),
        ("B-P I-P I-P", [(0, 2, "P")]),
        ("E-P E-P", [(0, 0, "P"), (1, 1, "P")]),
        ("S-P I-P", [(0, 0, "P"), (1, 1, "P")]),
        ("B-P O I-P", [(0, 0, "P"), (2, 2, "P")]),
        ("B-creative-work I-creative-work", [(0, 1, "creative-work")]),
    ],
)
def test_a_tag_that_continues_nothing_begins_an_entity(tags, spans):
    assert tag_spans(tags.split()) == spans


def test_a_sentence_is_its_tokens_with_blanks_between_them():
    tokens, tags = ["New York", "is", "big"], ["S-LOC", "O", "O"]
    assert sentence_of(tokens, tags, False) == (
        "New York is big", [(0, 8, "LOC")], [(0, 8), (9, 11), (12, 15)],
    )  # fmt: skip
    assert sentence_of(["a", "b"], ["DET", "O"], True)[1] == [(0, 1, "DET"), (2, 3, "O")]
