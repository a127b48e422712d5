"""Both forms of GELU and their gradients, in closed form."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from mbert_cli.backend import own_graph
from mbert_cli.model.gelu import EXACT, TANH

POINTS = [-30.0, -6.0, -2.5, -1.0, -0.125, 0.0, 0.5, 1.0, 3.0, 6.0, 30.0]
ROOT = math.sqrt(2 / math.pi)


def exact(x: float) -> tuple[float, float]:
    share = 0.5 * math.erfc(-x / math.sqrt(2))
    return x * share, share + x * math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def tanh_form(x: float) -> tuple[float, float]:
    tanh = math.tanh(ROOT * (x + 0.044715 * x**3))
    slope = 0.5 * (1 + tanh) + 0.5 * x * (1 - tanh**2) * ROOT * (1 + 3 * 0.044715 * x**2)
    return 0.5 * x * (1 + tanh), slope


NAMES = ["exact", "tanh"]
BY_FORMULA = pytest.mark.parametrize(("gelu", "formula"), [(EXACT, exact), (TANH, tanh_form)], ids=NAMES)
IN_BOTH_FORMS = pytest.mark.parametrize("gelu", [EXACT, TANH], ids=NAMES)


def with_gradient(gelu, points, of_result=1.0, dtype="float32") -> list[np.ndarray]:
    @tf.function
    @own_graph()
    def compute(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            result = gelu(x)
        return result, tape.gradient(result, x, tf.fill(tf.shape(x), tf.cast(of_result, dtype)))

    computed = compute(tf.constant(points, dtype))
    assert {tensor.dtype for tensor in computed} == {tf.as_dtype(dtype)}
    return [tf.cast(tensor, "float32").numpy() for tensor in computed]


@BY_FORMULA
def test_values_and_slopes(gelu, formula):
    values, slopes = np.transpose([formula(x) for x in POINTS])
    result, gradient = with_gradient(gelu, POINTS, of_result=2.0)
    np.testing.assert_allclose(result, values, atol=1e-6)
    np.testing.assert_allclose(gradient, 2 * slopes, atol=2e-6)


@BY_FORMULA
def test_bfloat16_is_rounded_once(gelu, formula):
    values, slopes = np.transpose([formula(x) for x in POINTS])
    result, gradient = with_gradient(gelu, POINTS, dtype="bfloat16")
    half_a_step = 2.0**-8
    np.testing.assert_allclose(result, values, rtol=half_a_step, atol=1e-6)
    np.testing.assert_allclose(gradient, slopes, rtol=half_a_step, atol=1e-6)


@IN_BOTH_FORMS
def test_large_numbers_stay_finite(gelu):
    result, gradient = with_gradient(gelu, [-1e7, 1e7])
    assert [*result, *gradient] == [0, np.float32(1e7), 0, 1]


@IN_BOTH_FORMS
def test_eagerly_and_for_xla_it_is_the_same(gelu):
    x = keras.ops.convert_to_tensor(np.linspace(-5, 5, 101, dtype="float32"))

    @tf.function(jit_compile=True)
    def by_xla(x):
        with own_graph(is_compiled=True):
            return gelu(x)

    result, _ = with_gradient(gelu, x)
    np.testing.assert_allclose(gelu(x), result, atol=1e-6)
    np.testing.assert_allclose(by_xla(x), result, atol=1e-6)


@IN_BOTH_FORMS
def test_a_gradient_takes_no_power(gelu):
    @tf.function
    @own_graph()
    def compute(x):
        return tf.gradients(gelu(x), x)[0]

    operations = compute.get_concrete_function(tf.zeros(3)).graph.get_operations()
    assert not {"Pow", "Log", "Erfc"} & {operation.type for operation in operations}
