"""One more dense map at a time is kept in higher precision until an artifact loses no more than it may."""

import pytest

from mbert_cli.tflite.fallback import (
    FallbackCost,
    MadeFile,
    describe_fallback,
    keep_layers,
    kept_names,
    measure_cost,
)
from mbert_cli.tflite.layer_errors import LayerError
from mbert_cli.tflite.verify import VerifyReport

LAYERS = [LayerError(path, (f"{path};",), error) for path, error in (("b", 0.4), ("a", 0.2), ("c", 0.1))]


def candidate(disagreement: float, kept: tuple[LayerError, ...] = ()) -> MadeFile:
    return MadeFile(b"", b"", VerifyReport(400, 0.9, 0.9 - disagreement, disagreement, 0.1), {64: 400}, kept)


def make(kept) -> MadeFile:
    return candidate(0.08 / 2 ** len(kept), tuple(kept))


@pytest.mark.parametrize(("bound", "count"), [(0.05, 1), (0.02, 2), (0.011, 3), (0.001, 3)])
def test_no_more_are_kept_than_it_takes(bound, count):
    tried = keep_layers(make, lambda parity: parity.disagreement_rate <= bound, LAYERS, max_layers=4)
    assert [len(entry.kept) for entry in tried] == list(range(1, count + 1))
    assert [layer.path for layer in tried[-1].kept] == ["b", "a", "c"][:count]


def test_no_more_are_kept_than_the_recipe_allows():
    assert len(keep_layers(make, lambda parity: False, LAYERS, max_layers=2)) == 2
    assert keep_layers(make, lambda parity: False, LAYERS, max_layers=0) == []


def test_names_are_those_that_the_quantizer_takes():
    assert kept_names([*LAYERS[:1], LayerError("block", ("x;", "y;"), 0.1)]) == ["b;", "x;", "y;"]


def test_the_same_file_costs_nothing(content, batch):
    cost = measure_cost(content, content, batch)
    assert cost.size_bytes == 0
    assert 0.2 < cost.time_ratio < 5.0


def test_a_sentence_says_what_was_kept_what_it_brought_and_what_it_costs():
    sentence = describe_fallback(
        candidate(0.04).parity,
        candidate(0.01, tuple(LAYERS[:2])),
        FallbackCost(-20_000, 1.064),
        "dynamic int8",
    )
    assert sentence == (
        "Kept 2 dense maps in dynamic int8: b, a. Answers that differ: 1.00% instead of 4.00%; metric 89.00% instead of "
        "86.00%; -0.02 MB, 1.06 times the time of one run here"
    )
