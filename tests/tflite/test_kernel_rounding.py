"""Kernels of 4 bits lose less of what a map computes than kernels whose weights are their nearest numbers."""

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from mbert_cli.tflite.census import dense_census, dense_maps
from mbert_cli.tflite.interpreter import opened_content
from mbert_cli.tflite.kernel_rounding import measure_moments, round_dense_maps, round_for_rows, store_kernels
from mbert_cli.tflite.quantizer import quantize


@pytest.fixture(scope="module")
def moments(content, batch):
    return measure_moments(content, batch)


@pytest.fixture(scope="module")
def kernels(content, moments):
    return round_dense_maps(content, moments)


def correlated(rows: int, channels: int, outlier: float = 1.0) -> np.ndarray:
    random = np.random.default_rng(7)
    mixed = random.normal(size=(rows, 4)) @ random.normal(size=(4, channels))
    mixed += 0.3 * random.normal(size=(rows, channels))
    mixed[:, 0] *= outlier
    return mixed.astype(np.float32)


def test_what_is_lost_is_made_up_for_by_the_inputs_behind_it():
    read = correlated(200, 80)
    kernel = np.random.default_rng(8).normal(size=(24, 80)).astype(np.float32)
    rounded = round_for_rows(kernel, read.T @ read)
    nearest = np.clip(np.round(kernel / rounded.scales[:, None]), -8, 7)
    expected = read @ kernel.T
    lost = [
        np.square(read @ (one * rounded.scales[:, None]).T - expected).sum()
        for one in (rounded.integers, nearest)
    ]
    assert lost[0] < 0.3 * lost[1]
    assert rounded.loss == pytest.approx(lost[0] / np.square(expected).sum(), rel=1e-3)


def test_a_large_weight_that_reads_outliers_is_not_clipped():
    read = correlated(200, 80, outlier=100.0)
    kernel = np.random.default_rng(8).normal(size=(24, 80)).astype(np.float32)
    kernel[:, 0] = 6.0
    assert round_for_rows(kernel, read.T @ read).loss < 1e-3


def test_channels_of_zeros_and_inputs_that_are_never_there_are_rounded():
    read, kernel = correlated(50, 16), np.ones((4, 16), np.float32)
    read[:, 3], kernel[2] = 0.0, 0.0
    rounded = round_for_rows(kernel, read.T @ read)
    assert not rounded.integers[2].any()
    assert np.isfinite(rounded.scales).all()
    assert (rounded.scales > 0).all()


def test_moments_leave_out_padding(content, batch, moments):
    assert list(moments) == dense_maps(content)
    before_attention = dense_maps(content)[0]
    all_tokens = measure_moments(content, batch | {"padding_mask": np.ones_like(batch["padding_mask"])})
    of_padding = np.linalg.eigvalsh(all_tokens[before_attention] - moments[before_attention])
    assert of_padding[0] > -1e-4 * of_padding[-1]
    assert of_padding[-1] > 1


def test_a_file_gets_the_kernels_that_were_rounded(content, kernels, batch):
    expected = _predict(content, batch)
    nearest, rounded = quantize(content, "int4"), quantize(content, "int4", kernels=kernels)
    assert len(nearest) == len(rounded)
    errors = [np.abs(_predict(one, batch) - expected).mean() for one in (rounded, nearest)]
    assert errors[0] < 0.8 * errors[1]


def test_kernels_in_blocks_and_of_eight_bits_stay_as_they_are(content, kernels):
    kept = dense_maps(content)[:2]
    assert dense_census(quantize(content, "int4", kept=kept, kernels=kernels)) == {
        "int4 x float32": 24, "int8 x float32": 2,
    }  # fmt: skip
    blocks = quantize(content, "int4", block_size=32)
    before, after = (_kernel(one, dense_maps(content)[2]) for one in (blocks, store_kernels(blocks, kernels)))
    np.testing.assert_array_equal(before, after)


def _kernel(content: bytes, name: str) -> np.ndarray:
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    (graph,) = model.subgraphs
    (operator,) = (one for one in graph.operators if graph.tensors[one.outputs[0]].name.decode() == name)
    return np.asarray(model.buffers[graph.tensors[operator.inputs[1]].buffer].data)


def _predict(content: bytes, batch) -> np.ndarray:
    with opened_content(content) as artifact:
        return artifact.predict(batch)
