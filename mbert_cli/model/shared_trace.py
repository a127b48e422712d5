"""The blocks of an encoder, traced once for all of them.

TensorFlow builds the graph of a step from Python, operation by operation, and a MobileBERT has 24 blocks of 200
operations whose gradients have three times as many. The blocks differ in their weights alone, so one function
that takes weights as arguments serves all of them, and both halves of a batch (`mbert_cli.train.streams`). The
runtime inlines it: what is computed, and how fast, stays the same. A graph that may go to TensorFlow's converter for
phones gets none: the converter gives every call of such a function the weights of one block, and says nothing of it.

Such a function is also what can be computed a second time, in the backward pass, in place of keeping what it computed
the first time (Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016): it changes no variable, and draws
its dropout from random states that it is given.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import keras
from keras import ops

from mbert_cli.backend import Tensor, is_compiled_by_xla, traces_own_tensorflow_graph
from mbert_cli.model.dense import LayerWithParts
from mbert_cli.model.recomputing import recompute_in_backward_pass

Compute = Callable[[Tensor, Tensor, bool | None], tuple[Tensor, ...]]
"""Hidden states, attention bias and whether dropout is active -> what a block returns: the next hidden states, the
attention logits, and whatever else."""

Traced = Callable[[list[Tensor], list[Tensor], Tensor, Tensor], tuple[tuple[Tensor, ...], list[Tensor]]]
"""The same as a function of the values of a block's variables, for one way to use dropout; it also returns those that
computing moves on."""


_held: ContextVar[dict[int, Tensor] | None] = ContextVar("_held", default=None)


@contextmanager
def reading_weights_once() -> Iterator[None]:
    """While this lasts, blocks that compute several times round their weights to bfloat16 once, in one graph.

    Gradients of the copies are added up before they become float32, so that they take half of the memory.
    """
    token = _held.set({})
    try:
        yield
    finally:
        _held.reset(token)


class SharedTrace:
    """One TensorFlow function for blocks that differ in nothing but their names and weights.

    Elsewhere than in a TensorFlow graph of our own the blocks compute for themselves: eagerly there is nothing to
    trace, and what JAX spends its time with is the compiler. There a block is a function only to be computed twice.

    Args:
        learns_attention: Whether a loss may be computed from the attention logits. A function is differentiated
            by all that it returns, and where nothing reads them, zeros of (batch, heads, query, key) would be
            made and added up for each block.
    """

    def __init__(self, *, learns_attention: bool = True) -> None:
        self._learns_attention = learns_attention
        self._functions: dict[tuple[object, ...], Traced] = {}

    def __call__(
        self,
        block: LayerWithParts,
        form: tuple[object, ...],
        compute: Compute,
        hidden: Tensor,
        attention_bias: Tensor,
        training: bool | None,
        *,
        rematerialize: bool = False,
    ) -> tuple[Tensor, ...]:
        """Returns `compute(hidden, attention_bias, training)`.

        Args:
            block: One of the blocks.
            form: Blocks of the same form share a function.
            compute: Its own method.
            hidden, attention_bias: Tensors.
            training: Whether dropout is active.
            rematerialize: Whether to compute it again in the backward pass of a training.
        """
        is_training = bool(training)
        is_recomputed = rematerialize and is_training
        if not traces_own_tensorflow_graph() and not (is_recomputed and keras.backend.backend() == "jax"):
            return compute(hidden, attention_bias, training)
        states = block.quantizing.states if block.quantizing else []
        function = self._function_of(
            block, (is_training, is_recomputed, is_compiled_by_xla(), len(states), *form), compute
        )
        values = [_value(part, is_training) for part in block.owned]
        computed, moved = function(values, [state.value for state in states], hidden, attention_bias)
        if is_training:
            for state, value in zip(states, moved, strict=True):
                state.assign(value)
        return computed

    def _function_of(self, block: LayerWithParts, key: tuple[object, ...], compute: Compute) -> Traced:
        """The function of blocks of a form, in TensorFlow the one that is there."""
        is_training, is_recomputed, *_ = key
        if keras.backend.backend() == "jax":
            return recompute_in_backward_pass(self._as_function(block, compute, True))
        if key not in self._functions:
            import tensorflow as tf

            function = self._as_function(block, compute, bool(is_training))
            traced: Traced = tf.function(function, autograph=False, reduce_retracing=True)
            self._functions[key] = recompute_in_backward_pass(traced) if is_recomputed else traced
        return self._functions[key]

    def _as_function(self, template: LayerWithParts, compute: Compute, training: bool) -> Traced:
        """What the template computes with other values in its variables, and what becomes of its states.

        (values, states, hidden, attention_bias) -> what `compute` returns, and the states afterwards.
        """
        variables = [_variable(part) for part in template.owned]
        states = template.quantizing.states if template.quantizing else []

        def run(
            values: list[Tensor], held: list[Tensor], hidden: Tensor, attention_bias: Tensor
        ) -> tuple[tuple[Tensor, ...], list[Tensor]]:
            given = zip([*variables, *states], [*values, *held], strict=True)
            with keras.StatelessScope(state_mapping=list(given)) as scope:
                hidden, logits, *others = compute(hidden, attention_bias, training)
            moved = [ops.stop_gradient(scope.get_current_value(state)) for state in states]
            return (hidden, logits if self._learns_attention else ops.stop_gradient(logits), *others), moved

        return run


def _variable(part: keras.Variable | keras.random.SeedGenerator) -> keras.Variable:
    return part.state if isinstance(part, keras.random.SeedGenerator) else part


def _value(part: keras.Variable | keras.random.SeedGenerator, training: bool) -> Tensor:
    """Returns what a variable holds, or the next state of a random part.

    A random state moves on here, outside of the function: one half of a batch would wait for the other if it came
    out of it. Each part with a random state draws once per call.
    """
    if training and isinstance(part, keras.random.SeedGenerator):
        return part.next()
    variable, held = _variable(part), _held.get()
    if held is None:
        return variable.value
    if id(variable) not in held:
        held[id(variable)] = variable.value
    return held[id(variable)]
