"""The flat optimizers against closed forms, a plain reference and each other's backends."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from mbert_cli.train import weight_groups
from mbert_cli.train.optimizer import (
    LinearSchedule,
    make_optimizer,
    optimizer_state,
    restore_optimizer,
)
from mbert_cli.train.options import OptimizerOptions
from mbert_cli.train.stage import Schedule
from tests.train.toy_optimizer import (
    SHAPES,
    draw_gradients,
    make,
    make_variables,
    single,
    values,
)


def reference(
    options: OptimizerOptions, weights: list[np.ndarray], schedule: Schedule, scales: list[float], steps: int
) -> list[np.ndarray]:
    """The rules of both papers, one weight after the other, in float64."""
    weights = [weight.astype("float64") for weight in weights]
    first = [np.zeros_like(weight) for weight in weights]
    second = [np.zeros_like(weight) for weight in weights]
    names = [path.split("/")[-1] for path in SHAPES]
    for step in range(steps):
        gradients = [gradient.astype("float64") for gradient in draw_gradients(step)]
        if options.clip_norm is not None:
            norm = np.sqrt(sum((gradient**2).sum() for gradient in gradients))
            gradients = [gradient * min(1.0, options.clip_norm / norm) for gradient in gradients]
        for place, gradient in enumerate(gradients):
            first[place] = options.beta_1 * first[place] + (1 - options.beta_1) * gradient
            second[place] = options.beta_2 * second[place] + (1 - options.beta_2) * gradient**2
            corrections = [1.0, 1.0]
            if options.bias_correction:
                corrections = [1 - beta ** (step + 1) for beta in (options.beta_1, options.beta_2)]
            mean, square = first[place] / corrections[0], second[place] / corrections[1]
            update = mean / (np.sqrt(square) + options.epsilon)
            rate = schedule.at(step) * scales[place]
            if names[place] not in options.no_decay:
                update = update + options.weight_decay * weights[place]
                if options.name == "lamb":
                    rate *= np.linalg.norm(weights[place]) / np.linalg.norm(update)
            weights[place] = weights[place] - rate * update
    return weights


@pytest.mark.parametrize("steps", [0, 1, 4, 9, 10, 30])
@pytest.mark.parametrize("warmup_steps", [0, 4, 10])
def test_the_rate_inside_the_graph_is_that_of_the_schedule(steps: int, warmup_steps: int):
    schedule = Schedule(peak=3e-4, steps=10, warmup_steps=warmup_steps, final=0.1)
    assert float(LinearSchedule(schedule)(steps)) == pytest.approx(schedule.at(steps), rel=1e-6)


def test_adamw_decay_alone_multiplies_the_weight_by_one_minus_rate_times_decay():
    variables = single([3.0, -4.0])
    options = OptimizerOptions(name="adamw", weight_decay=0.5)
    make(options, variables).apply([np.zeros(2, "float32")])
    np.testing.assert_allclose(values(variables)[0], [3.0 * 0.95, -4.0 * 0.95], rtol=1e-6)


def test_lamb_decay_alone_is_inside_the_trust_ratio():
    # u = 0.5 w, so |w| / |u| = 2 and w - 0.1 * 2 * 0.5 w = 0.9 w
    variables = single([3.0, -4.0])
    options = OptimizerOptions(name="lamb", weight_decay=0.5)
    make(options, variables).apply([np.zeros(2, "float32")])
    np.testing.assert_allclose(values(variables)[0], [3.0 * 0.9, -4.0 * 0.9], rtol=1e-6)


@pytest.mark.parametrize(("bias_correction", "length"), [(True, 0.1), (False, 0.1 * np.sqrt(10))])
def test_the_first_step_of_adamw_has_the_length_of_the_rate_where_bias_is_corrected(
    bias_correction: bool, length: float
):
    # m = 0.1 g, v = 0.001 g^2, so m / sqrt(v) = sqrt(10) whatever the gradient; corrected, both are g and g^2
    variables = single([1.0, 1.0])
    options = OptimizerOptions(
        weight_decay=0.0, clip_norm=None, epsilon=1e-12, bias_correction=bias_correction
    )
    make(options, variables).apply([np.array([0.5, -20.0], "float32")])
    np.testing.assert_allclose(values(variables)[0], [1 - length, 1 + length], rtol=1e-5)


def test_a_beta_of_zero_needs_no_correction():
    variables = single([1.0, 1.0])
    options = OptimizerOptions(weight_decay=0.0, clip_norm=None, epsilon=1e-12, beta_1=0.0, beta_2=0.0)
    make(options, variables).apply([np.array([0.5, -20.0], "float32")])
    np.testing.assert_allclose(values(variables)[0], [0.9, 1.1], rtol=1e-5)


def test_adamw_goes_the_way_of_torch():
    import torch

    options = OptimizerOptions(clip_norm=None, weight_decay=0.1)
    schedule = Schedule(peak=0.05, steps=8, warmup_steps=2, final=0.1)
    variables = make_variables()
    theirs = [torch.nn.Parameter(torch.tensor(weight)) for weight in values(variables)]
    names = [path.split("/")[-1] for path in SHAPES]
    groups = [
        {"params": [weight], "weight_decay": 0.0 if name in options.no_decay else options.weight_decay}
        for weight, name in zip(theirs, names, strict=True)
    ]
    peer = torch.optim.AdamW(groups, betas=(options.beta_1, options.beta_2), eps=options.epsilon)
    optimizer = make(options, variables, schedule)
    for step in range(8):
        for group in peer.param_groups:
            group["lr"] = schedule.at(step)
        for weight, gradient in zip(theirs, draw_gradients(step), strict=True):
            weight.grad = torch.tensor(gradient)
        peer.step()
        optimizer.apply(draw_gradients(step))
    for weight, wanted in zip(values(variables), theirs, strict=True):
        np.testing.assert_allclose(weight, wanted.detach().numpy(), rtol=2e-5, atol=2e-6)


def test_the_first_step_of_lamb_has_the_length_of_rate_times_weight():
    variables = single([3.0, 4.0])
    options = OptimizerOptions(name="lamb", weight_decay=0.0, clip_norm=None, epsilon=1e-12)
    make(options, variables).apply([np.array([0.5, -20.0], "float32")])
    # u points along (1, -1) and |w| = 5
    step = 0.1 * 5 / np.sqrt(2)
    np.testing.assert_allclose(values(variables)[0], [3 - step, 4 + step], rtol=1e-5)


def test_lamb_takes_a_ratio_of_one_where_a_norm_is_zero():
    variables = [*single([0.0, 0.0]), *single([2.0, 2.0])]
    options = OptimizerOptions(name="lamb", weight_decay=0.0, clip_norm=None, epsilon=1e-12)
    make(options, variables).apply([np.array([1.0, -1.0], "float32"), np.zeros(2, "float32")])
    np.testing.assert_allclose(values(variables)[0], [-0.1, 0.1], rtol=1e-5)
    np.testing.assert_allclose(values(variables)[1], [2.0, 2.0])


def test_lamb_neither_decays_nor_adapts_excluded_weights():
    variables = single([3.0, 4.0], name="bias")
    options = OptimizerOptions(name="lamb", weight_decay=0.5, clip_norm=None, epsilon=1e-12)
    make(options, variables).apply([np.array([1.0, -1.0], "float32")])
    step = 0.1
    np.testing.assert_allclose(values(variables)[0], [3 - step, 4 + step], rtol=1e-5)


def test_clipping_scales_all_gradients_to_the_global_norm():
    # norm of (3, 4) and (12,) is 13
    variables = [*single([0.0, 0.0]), *single([0.0])]
    options = OptimizerOptions(weight_decay=0.0, clip_norm=1.0, beta_1=0.0, beta_2=0.0, epsilon=1e6)
    make(options, variables).apply([np.array([3.0, 4.0], "float32"), np.array([12.0], "float32")])
    scaled = -0.1 * 1e-6 / 13
    np.testing.assert_allclose(values(variables)[0], [3 * scaled, 4 * scaled], rtol=1e-5)
    np.testing.assert_allclose(values(variables)[1], [12 * scaled], rtol=1e-5)


@pytest.mark.parametrize("name", ["adamw", "lamb"])
@pytest.mark.parametrize(
    ("flat_values", "clip_norm", "bias_correction"),
    [
        (200, 1.0, True),
        pytest.param(4_000_000, None, True, marks=pytest.mark.slow),
        (4_000_000, 1.0, True),
        pytest.param(4_000_000, 1.0, False, marks=pytest.mark.slow),
    ],
)
def test_flat_updates_equal_a_plain_update_of_each_weight(
    name: str,
    flat_values: int,
    clip_norm: float | None,
    bias_correction: bool,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(weight_groups, "FLAT_VALUES", flat_values)
    options = OptimizerOptions(
        name=name, clip_norm=clip_norm, weight_decay=0.1, bias_correction=bias_correction
    )
    schedule = Schedule(peak=0.05, steps=6, warmup_steps=2, final=0.1)
    scales = [0.1, 1.0, 1.0, 0.1, 1.0, 0.1, 2.0, 1.0]
    variables = make_variables()
    expected = reference(options, values(variables), schedule, scales, steps=6)
    optimizer = make(options, variables, schedule, scales)
    for step in range(6):
        optimizer.apply(draw_gradients(step))
    for weight, wanted in zip(values(variables), expected, strict=True):
        np.testing.assert_allclose(weight, wanted, rtol=2e-5, atol=2e-6)


def test_weights_of_one_treatment_share_one_moment():
    variables = make_variables()
    scales = [0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    optimizer = make(OptimizerOptions(), variables, scales=scales)
    shapes = {variable.path: variable.shape for variable in optimizer.variables}
    assert shapes == {
        "optimizer/iteration": (),
        "optimizer/first_moment_0": (320,),
        "optimizer/first_moment_1": (128 + 16 * 130 + 30 + 1,),
        "optimizer/first_moment_2": (16 + 8 + 130,),
        "optimizer/second_moment_0": (320,),
        "optimizer/second_moment_1": (128 + 16 * 130 + 30 + 1,),
        "optimizer/second_moment_2": (16 + 8 + 130,),
    }


def test_a_weight_without_a_gradient_counts_as_one_with_a_gradient_of_zero():
    variables = single([2.0, 2.0])
    make(OptimizerOptions(weight_decay=0.5), variables).apply([None])
    np.testing.assert_allclose(values(variables)[0], [1.9, 1.9], rtol=1e-6)


@pytest.mark.parametrize("name", ["adamw", "lamb"])
def test_a_restored_optimizer_goes_on_bit_for_bit(name: str):
    options = OptimizerOptions(name=name)
    variables = make_variables()
    optimizer = make(options, variables, accumulation_steps=2)
    for step in range(3):
        optimizer.apply(draw_gradients(step))
    state, weights = optimizer_state(optimizer), values(variables)
    others = [keras.Variable(w, name=v.name) for w, v in zip(weights, variables, strict=True)]
    restored = make(options, others, accumulation_steps=2)
    restore_optimizer(restored, state)
    for step in range(3, 6):
        optimizer.apply(draw_gradients(step))
        restored.apply(draw_gradients(step))
    for weight, wanted in zip(values(others), values(variables), strict=True):
        np.testing.assert_array_equal(weight, wanted)


def train_a_little(backend_options: dict) -> list[np.ndarray]:
    """Six steps of a small model under `fit`; also run by a process with another backend."""
    random = np.random.default_rng(3)
    ids = keras.Input((4,), dtype="int32")
    hidden = keras.layers.Embedding(20, 6, name="embeddings")(ids)
    outputs = keras.layers.Dense(3, name="head")(keras.layers.Flatten()(hidden))
    model = keras.Model(ids, outputs)
    for weight in model.weights:
        weight.assign(random.normal(size=weight.shape))
    accumulation_steps = backend_options.pop("accumulation_steps")
    scales = [(v, 0.5 if "embeddings" in v.path else 1.0) for v in model.trainable_variables]
    schedule = Schedule(peak=0.05, steps=6, warmup_steps=2, final=0.0)
    optimizer = make_optimizer(OptimizerOptions(**backend_options), schedule, scales, accumulation_steps)
    optimizer.build(model.trainable_variables)
    model.compile(optimizer=optimizer, loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    inputs, labels = random.integers(0, 20, (48, 4)), random.integers(0, 3, 48)
    model.fit(inputs, labels, batch_size=8, shuffle=False, verbose=0)
    return [weight.numpy() for weight in model.weights]


AGREEING = [
    {"name": "adamw", "accumulation_steps": 1},
    {"name": "lamb", "accumulation_steps": 1},
    {"name": "lamb", "accumulation_steps": 2},
]


def test_tensorflow_and_jax_agree():
    code = (
        "import json; from tests.train.test_optimizer import AGREEING, train_a_little;"
        "print(json.dumps([[w.tolist() for w in train_a_little(dict(options))] for options in AGREEING]))"
    )
    other = "jax" if keras.backend.backend() == "tensorflow" else "tensorflow"
    printed = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True,
        env={**os.environ, "KERAS_BACKEND": other}, cwd=Path(__file__).parents[2],
    ).stdout  # fmt: skip
    for options, theirs in zip(AGREEING, json.loads(printed), strict=True):
        for weight, wanted in zip(train_a_little(dict(options)), theirs, strict=True):
            np.testing.assert_allclose(weight, wanted, rtol=1e-4, atol=1e-5)
