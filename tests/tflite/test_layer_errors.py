"""Each dense map alone and all but it are compared with the float32 file; of many, those of the worst blocks."""

import json

import numpy as np
import pytest

from mbert_cli.tflite import layer_errors
from mbert_cli.tflite.dense_layers import dense_layers
from mbert_cli.tflite.fold import fold
from mbert_cli.tflite.layer_errors import measure_layer_errors
from mbert_cli.tflite.quantizer import quantize
from mbert_cli.weights.variables import read_variables

ROWS = {name: np.zeros((100, 4), np.int32) for name in ("token_ids", "segment_ids", "padding_mask")}


@pytest.fixture
def imitation(monkeypatch):
    """Files that say which dense maps are kept, and outputs that are the sum of the damages of all others."""

    def prepare(damages: dict[str, float], rest: float = 0.0):
        layers = {path: f"{path};" for path in damages}
        monkeypatch.setattr(layer_errors, "dense_layers", lambda content, weights: layers)

        def outputs(content: bytes, rows: dict[str, np.ndarray]) -> np.ndarray:
            outputs.rows = len(rows["token_ids"])
            kept = json.loads(content)
            damage = 0.0 if kept is None else rest
            damage += 0.0 if kept is None else sum(d for path, d in damages.items() if f"{path};" not in kept)
            return np.full((outputs.rows, 2), damage)

        monkeypatch.setattr(layer_errors, "_outputs", outputs)
        found = measure_layer_errors(b"null", {}, lambda kept: json.dumps(list(kept)).encode(), ROWS)
        return found, outputs

    return prepare


def test_dense_maps_are_ordered_by_what_each_does_alone(imitation):
    found, outputs = imitation(
        {"encoder/layer_00/a": 0.1, "encoder/layer_00/b": 0.4, "classifier": 0.2}, rest=0.05
    )
    assert [layer.path for layer in found.layers] == [
        "encoder/layer_00/b",
        "classifier",
        "encoder/layer_00/a",
    ]
    assert [layer.alone for layer in found.layers] == pytest.approx([0.45, 0.25, 0.15])
    assert [layer.without for layer in found.layers] == pytest.approx([0.35, 0.55, 0.65])
    assert (found.every, found.rest) == pytest.approx((0.75, 0.05))
    assert found.blocks == ()
    assert (found.rows, outputs.rows) == (32, 32)


def test_of_many_dense_maps_those_of_the_worst_blocks_are_measured(imitation):
    damages = {f"encoder/layer_{layer:02d}/{name}": 0.01 * layer for layer in range(24) for name in "ab"}
    damages["encoder/layer_03/b"] = 0.9
    found, _ = imitation(damages)
    blocks = [block.path for block in found.blocks]
    assert blocks[:3] == ["encoder/layer_03", "encoder/layer_23", "encoder/layer_22"]
    assert len(blocks) == 24
    assert {layer.path.rpartition("/")[0] for layer in found.layers} == set(blocks[:3])
    assert found.layers[0].path == "encoder/layer_03/b"
    assert found.layers[0].without == pytest.approx(found.every - 0.9)


def test_a_record_has_every_figure(imitation):
    found, _ = imitation({"encoder/layer_00/a": 0.25, "classifier": 0.5})
    assert found.record() == {
        "rows": 32,
        "every": 0.75,
        "rest": 0.0,
        "layers": [
            {"layer": "classifier", "alone": 0.5, "without": 0.25},
            {"layer": "encoder/layer_00/a", "alone": 0.25, "without": 0.5},
        ],
        "blocks": [],
    }


@pytest.mark.slow
def test_a_dense_map_with_an_outlier_does_most_of_the_damage_in_4_bits(random_network, small_size, batch):
    from mbert_cli.model.task_head import CLASSIFIER
    from mbert_cli.tflite.convert import convert_folded

    size = small_size("bert_base")
    weights, folded = fold(read_variables(random_network(size)), size)
    path = "encoder/layer_01/feed_forward_0/output"
    weights[f"{path}/kernel"][0] *= 100.0
    weights["encoder/layer_01/feed_forward_0/intermediate/kernel"][:, 0] *= (
        1e-3  # what is multiplied by it is small
    )
    weights["encoder/layer_01/feed_forward_0/intermediate/bias"][0] *= 1e-3
    content = convert_folded(weights, folded, 12, "int4", CLASSIFIER)
    names = dense_layers(content, weights).values()
    found = measure_layer_errors(content, weights, lambda kept: quantize(content, "int4", kept=kept), batch)
    assert found.layers[0].path == path
    assert found.layers[0].without < 0.7 * found.every
    assert found.rest < 0.2 * found.every
    assert {name for layer in found.layers for name in layer.names} == set(names)
