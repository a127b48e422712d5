"""Weights of many shapes, gradients for them, and optimizers that are built for them."""

import keras
import numpy as np

from mbert_cli.train.optimizer import make_optimizer
from mbert_cli.train.options import OptimizerOptions
from mbert_cli.train.stage import Schedule

SHAPES = {
    "embeddings": (40, 8), "layer_00/kernel": (8, 16), "layer_00/bias": (16,), "layer_00/gamma": (8,),
    "layer_01/kernel": (16, 130), "layer_01/bias": (130,), "head/cube": (2, 3, 5), "head/scalar": (1,),
}  # fmt: skip
CONSTANT = Schedule(peak=0.1, steps=100, warmup_steps=0, final=1.0)


def make_variables(seed: int = 0) -> list[keras.Variable]:
    random = np.random.default_rng(seed)
    return [
        keras.Variable(random.normal(size=shape).astype("float32"), name=path.split("/")[-1])
        for path, shape in SHAPES.items()
    ]


def draw_gradients(step: int, scale: float = 0.3) -> list[np.ndarray]:
    random = np.random.default_rng(1000 + step)
    return [(scale * random.normal(size=shape)).astype("float32") for shape in SHAPES.values()]


def make(
    options: OptimizerOptions,
    variables: list[keras.Variable],
    schedule: Schedule = CONSTANT,
    scales: list[float] | None = None,
    accumulation_steps: int = 1,
) -> keras.optimizers.Optimizer:
    pairs = list(zip(variables, scales or [1.0] * len(variables), strict=True))
    optimizer = make_optimizer(options, schedule, pairs, accumulation_steps)
    optimizer.build(variables)
    return optimizer


def values(variables: list[keras.Variable]) -> list[np.ndarray]:
    return [variable.numpy() for variable in variables]


def single(value: list[float], name: str = "kernel") -> list[keras.Variable]:
    return [keras.Variable(np.array(value, "float32"), name=name)]
