"""Paragraphs, and the hash that decides what is held out."""

import numpy as np

from mbert_cli.corpus.document import Document, is_held_out, split_paragraphs


def test_paragraphs_end_at_blank_lines():
    text = "\n\nOne\nstill one.\n\nTwo.\n \t\n\n\nThree.\n"
    assert split_paragraphs(text) == ["One\nstill one.", "Two.", "Three."]
    for line_end in ("\r\n", "\r"):
        assert split_paragraphs(text.replace("\n", line_end)) == ["One\nstill one.", "Two.", "Three."]


def test_text_without_letters_has_no_paragraph():
    assert split_paragraphs("") == split_paragraphs(" \n\n\t\n") == []


def test_hash_does_not_depend_on_where_a_document_lies():
    assert Document("a.txt", ["x", "y"]).hash_fraction == Document("b.txt", ["x", "y"]).hash_fraction
    assert (
        Document("a", ["x"], hash_key="k").hash_fraction == Document("b", ["y"], hash_key="k").hash_fraction
    )
    assert Document("a.txt", ["x"]).hash_fraction != Document("a.txt", ["y"]).hash_fraction


def test_hash_is_even_and_smaller_shares_lie_in_larger_ones():
    documents = [Document("", [str(number)]) for number in range(2000)]
    fractions = np.array([document.hash_fraction for document in documents])
    assert fractions.min() >= 0 and fractions.max() < 1
    np.testing.assert_allclose(np.histogram(fractions, 10, (0, 1))[0], 200, rtol=0.25)
    small = [document for document in documents if is_held_out(document, 0.02)]
    assert small and all(is_held_out(document, 0.1) for document in small)
