"""Texts as numbers that are spread evenly and always the same."""

from mbert_cli.text.hashing import hash_fraction


def test_hash_is_the_same_on_every_machine():
    assert hash_fraction("mbert") == 0.13872068453574993


def test_texts_do_not_flow_into_each_other():
    fractions = {
        hash_fraction("ab"),
        hash_fraction("a", "b"),
        hash_fraction("", "ab"),
        hash_fraction("ab", ""),
    }
    assert len(fractions) == 4


def test_half_a_character_has_a_hash_too():
    assert 0 <= hash_fraction("\udcff") < 1
