"""Everything that an encoder makes of a text, as arrays by name."""

from collections.abc import Mapping

import keras
import numpy as np

from mbert_cli import console
from mbert_cli.errors import UserError
from mbert_cli.examples.task_columns import client_of
from mbert_cli.examples.text_rows import TextRows
from mbert_cli.examples.texts import Examples
from mbert_cli.model.encoder import build_encoder
from mbert_cli.model.heads import Pooler
from mbert_cli.model.options import layer_name
from mbert_cli.tasks.pair_segments import say_single_segment
from mbert_cli.text.batch import Batch
from mbert_cli.text.wordpiece import Tokenizer
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.saved_model import RunModel
from mbert_cli.weights.variables import assign_variables


def trace_model(
    model: RunModel, text: str, second_text: str | None, pad: bool | None = None
) -> dict[str, np.ndarray]:
    """Everything that an encoder computes for a text.

    The text is read with a column of [PAD] behind it, as every batch has one: a model whose embedding of a token
    reads the next one too computes something else without (`docs/padding.md`).

    Args:
        model: The result of a run with weights.
        text: The text.
        second_text: A second text, or None.
        pad: Whether the arrays show the column of [PAD] that is read behind the text; False reads none, None reads it
            and does not show it.

    Returns:
        By canonical name, without a batch axis: `tokens` (length,) texts; `token_ids`, `segment_ids` and
        `padding_mask` (length,) int32; `embeddings` (length, hidden_dim); for each block
        `hidden_states/layer_NN` (length, hidden_dim) and `attention/layer_NN` (heads, query, key)
        probabilities; `pooled` (hidden_dim,). All float32 where nothing else is said.

    Raises:
        UserError: The text is longer than the positions of the model.
    """
    description, weights, vocabulary = model.description, model.weights, model.vocabulary
    say_single_segment(description.size, second_text is not None)
    examples = Examples([text], None if second_text is None else [second_text], np.zeros(1, np.int32))
    tokenizer = Tokenizer(vocabulary, client_of(description.task))
    batch = _encode(examples, tokenizer, description.size.max_length, with_padding=pad is not False)
    shown = batch["token_ids"].shape[1] if pad else int(batch["padding_mask"].sum())
    encoder = build_encoder(description.size, vocab_size=description.vocabulary.size, seed=None)
    assign_variables(encoder, {name: weights[name] for name in weights if name.startswith("encoder/")})
    trace = encoder({name: batch[name] for name in encoder.input})
    arrays = {name: batch[name][0, :shown] for name in ("token_ids", "segment_ids", "padding_mask")}
    arrays["tokens"] = np.array([vocabulary.tokens[index] for index in arrays["token_ids"]])
    states = [_numpy(state)[:shown] for state in trace["hidden_states"]]
    arrays["embeddings"] = states[0]
    for index, (state, logits) in enumerate(zip(states[1:], trace["attention_logits"], strict=True)):
        arrays[f"hidden_states/{layer_name(index)}"] = state
        arrays[f"attention/{layer_name(index)}"] = _numpy(keras.ops.softmax(logits))[:, :shown, :shown]
    arrays["pooled"] = _pool(description, weights, trace["hidden_states"][-1])
    return arrays


def _encode(examples: Examples, tokenizer: Tokenizer, max_length: int, *, with_padding: bool) -> Batch:
    """One row of all tokens of the text, and behind them [PAD] where there is room and it is wanted."""
    rows = TextRows(examples, tokenizer, max_length)
    length = int(rows.tokens[0])
    if length > max_length:
        raise UserError(
            f"A text to trace must fit the positions of the model, {max_length} tokens. Received: {length}",
            "Shorten the text.",
        )
    if with_padding and length == max_length:
        console.info(f"The text fills all {length} positions of the model: there is no room for [PAD]")
    return rows.take(np.array([0]), min(length + with_padding, max_length))


def _numpy(tensor: object) -> np.ndarray:
    """The first row of a batch."""
    row: np.ndarray = keras.ops.convert_to_numpy(tensor)[0]
    return row


def _pool(description: ModelDescription, weights: Mapping[str, np.ndarray], last: object) -> np.ndarray:
    """What a head of whole texts reads; the raw state of [CLS] where the run has no pooler."""
    has_pooler = "pooler/kernel" in weights
    pooler = Pooler(description.size.model_copy(update={"use_pooler": has_pooler}), name="pooler")
    pooled = pooler(last)
    if has_pooler:
        for weight in pooler.weights:
            weight.assign(weights[weight.path])
        pooled = pooler(last)
    return _numpy(pooled)
