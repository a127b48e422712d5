"""A piece of texts in another process: the same candidates, from what travels there."""

import pickle

import numpy as np

from mbert_cli.augment.filling import PieceFiller, TextPiece
from mbert_cli.augment.options import AugmentOptions
from mbert_cli.weights.store import load_weights


def test_a_filler_that_travelled_writes_the_same_file(tmp_path, model):
    filler = PieceFiller(model, AugmentOptions(candidates=3), frozenset({"the"}))
    there = pickle.loads(pickle.dumps(filler))
    texts = ["The movie was good", "a poor actor"]
    filler(TextPiece(512, texts, tmp_path / "here"))
    there(TextPiece(512, texts, tmp_path / "there"))
    assert (tmp_path / "here").read_bytes() == (tmp_path / "there").read_bytes()
    found = load_weights(tmp_path / "here")
    assert set(found["places"][:, 0].tolist()) <= {512, 513}
    assert found["ids"].shape == (len(found["places"]), 3)
    assert np.all(found["ids"][:, 0] > 0)
