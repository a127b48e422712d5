"""Which of many are taken where not all are."""

from mbert_cli.spread import spread_places


def test_some_are_evenly_spaced_and_few_are_all_taken():
    assert spread_places(6, 2).tolist() == [0, 3]
    assert spread_places(10, 4).tolist() == [0, 2, 5, 7]
    assert spread_places(0, 4).tolist() == []
    assert spread_places(2, 5).tolist() == spread_places(2, None).tolist() == [0, 1]
