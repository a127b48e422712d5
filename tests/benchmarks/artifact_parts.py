"""Where the time of a full-size MobileBERT in dynamic_int8 goes: each kind of part alone, on one thread.

    PYTHONPATH=. python tests/benchmarks/artifact_parts.py [--length 128] [--runs 40]

A file holds a chain of one part, so that its time divided by the number of links is that of the part between others of
its kind. All files take turns run by run, and times are those that the processor gave the thread. Dense maps are shown
with the rate that they reach, beside that of a large matrix product in the same run.
"""

import argparse
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from quantization_modes import product_rates

from mbert_cli.model.options import SIZES
from mbert_cli.tflite.convert import InferenceGraph, convert_graph

SIZE = SIZES["mobilebert"]
HEADS, WIDTH = SIZE.num_heads, SIZE.block_dim
HEAD_DIM = WIDTH // HEADS

Step = Callable[[tf.Tensor], tf.Tensor]
random = np.random.default_rng(0)


class Part(NamedTuple):
    """A part of the network.

    Attributes:
        width: Features of the rows that it reads and writes.
        step: What it computes of rows (length, width).
        count: How many the network has.
        multiplications: Those of dense maps for a row; 0 where nothing is told of a rate.
    """

    width: int
    step: Step
    count: float
    multiplications: int = 0


def dense(inputs: int, outputs: int, activation: Step | None = None) -> Step:
    """A dense map with random weights."""
    kernel = random.normal(0, inputs**-0.5, (inputs, outputs)).astype(np.float32)
    bias = random.normal(0, 0.02, outputs).astype(np.float32)

    def step(rows: tf.Tensor) -> tf.Tensor:
        mapped = tf.matmul(rows, tf.constant(kernel)) + tf.constant(bias)
        return activation(mapped) if activation else mapped

    return step


def there_and_back(inputs: int, outputs: int, activation: Step | None = None) -> Step:
    """Two dense maps, of which the second has the shape of the first turned round."""
    there, back = dense(inputs, outputs, activation), dense(outputs, inputs)
    return lambda rows: back(there(rows))


def attention(rows: tf.Tensor) -> tf.Tensor:
    """Attention without dense maps, in float as in dynamic_int8; rows (length, width) -> the same."""
    split = tf.reshape(rows, (1, -1, HEADS, HEAD_DIM))
    query, value = (tf.transpose(split, (0, 2, 1, 3)) for _ in range(2))
    logits = tf.matmul(query, tf.transpose(split, (0, 2, 3, 1)))
    context = tf.matmul(tf.nn.softmax(logits), value)
    return tf.reshape(tf.transpose(context, (0, 2, 1, 3)), (-1, WIDTH))


def network_parts() -> dict[str, Part]:
    """The parts by name; of maps that are measured there and back a network has half as many pairs."""
    layers, inside, hidden = SIZE.num_layers, SIZE.intermediate_dim, SIZE.hidden_dim
    feed_forwards = layers * SIZE.num_feedforward_networks

    def pair(inputs: int, outputs: int, count: float, activation: Step | None = None) -> Part:
        return Part(inputs, there_and_back(inputs, outputs, activation), count, 2 * inputs * outputs)

    return {
        f"feed-forward network {WIDTH}-{inside}-{WIDTH}": pair(WIDTH, inside, feed_forwards, tf.nn.relu),
        f"bottlenecks and value {hidden}-{3 * WIDTH}": pair(hidden, 3 * WIDTH, layers / 2),
        f"bottleneck output {WIDTH}-{hidden}": pair(WIDTH, hidden, layers / 2),
        f"query and key {WIDTH}-{2 * WIDTH}": pair(WIDTH, 2 * WIDTH, layers / 2),
        f"attention output {WIDTH}-{WIDTH}": pair(WIDTH, WIDTH, layers / 2),
        "attention": Part(WIDTH, attention, layers),
    }


def chain(part: Part, length: int, links: int = 24) -> Interpreter:
    """A file of a part repeated, on one thread."""
    graph = tf.Graph()
    with graph.as_default():
        ids = tf.compat.v1.placeholder(tf.int32, (1, length), name="ids")
        spread = tf.constant(random.normal(size=(1, part.width)).astype(np.float32))
        rows = tf.cast(ids, tf.float32)[0, :, None] * spread
        for _ in range(links):
            rows = part.step(rows)
        output = tf.identity(rows, name="rows")
    content = convert_graph(InferenceGraph(graph.as_graph_def(), [ids], [output]), "dynamic_int8")
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    ids = random.integers(0, 2, (1, length), dtype=np.int32)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], ids)
    return interpreter


def main() -> None:
    """Prints a line for each part, and the rate of a large product."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--length", type=int, default=128)
    parser.add_argument("--runs", type=int, default=40)
    given = parser.parse_args()
    parts, links = network_parts(), 24
    chains = {name: chain(part, given.length, links) for name, part in parts.items()}
    times: dict[str, list[float]] = {name: [] for name in chains}
    for _ in range(given.runs):
        for name, interpreter in chains.items():
            start = time.thread_time()
            interpreter.invoke()
            times[name].append((time.thread_time() - start) / links)
    print(f"{'part':40s} {'us':>8s} {'count':>6s} {'ms':>7s} {'billion operations a second':>28s}")
    for name, part in parts.items():
        seconds = float(np.median(times[name]))
        rate = 2 * part.multiplications * given.length / seconds / 1e9
        shown = f"{rate:28.0f}" if part.multiplications else ""
        print(f"{name:40s} {1e6 * seconds:8.1f} {part.count:6g} {1e3 * part.count * seconds:7.2f} {shown}")
    for kind, rate in product_rates(given.length).items():
        print(f"a large product in {kind}: {rate / 1e9:.0f} billion operations a second")


if __name__ == "__main__":
    main()
