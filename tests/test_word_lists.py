"""Lists as a sentence has them."""

from mbert_cli.word_lists import joined, listed


def test_the_first_of_many_are_spelled_out():
    assert listed([]) == ""
    assert listed(["a", "b", "c"]) == "a, b, c"
    assert listed(["a", "b", "c", "d"]) == "a, b, c and 1 more"
    assert listed(list("ab") * 1000, most=2) == "a, b and 1,998 more"


def test_all_are_joined_by_a_word_before_the_last():
    assert [joined(words) for words in (["a"], ["a", "b"], "abc")] == ["a", "a or b", "a, b or c"]
    assert joined(["a", "b", "c"], "and") == "a, b and c"
