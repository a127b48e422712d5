"""Text in, probabilities out: the tokenizer of tensorflow-text in front of a network, in one .tflite file.

The tokenizer is converted by itself and its subgraph is joined to that of the network, whose weights may be quantized
by then in whatever way. Its two operations are no builtin ones: a program that runs the file has to bring them.
"""

from typing import Any

from ai_edge_litert import schema_py_generated as schema

from mbert_cli.errors import UserError
from mbert_cli.native_output import hidden_native_output
from mbert_cli.text.vocabulary import UNKNOWN, Vocabulary
from mbert_cli.text.wordpiece import words_of
from mbert_cli.tflite.flatbuffer import pack_model
from mbert_cli.tflite.interpreter import INSIDE, TEXT_INPUTS

with hidden_native_output():
    import tensorflow as tf
    import tensorflow_text as tf_text

(_TEXT,) = TEXT_INPUTS

_MARKS = 2
"""Tokens of a row that are none of the text: [CLS] and [SEP]."""


def add_tokenizer(content: bytes, vocabulary: Vocabulary, sequence_length: int) -> bytes:
    """Lets a file of token ids read a text.

    Args:
        content: A .tflite file with one signature, whose inputs are those of `mbert_cli.tflite.interpreter`.
        vocabulary: What its ids mean.
        sequence_length: Its length in tokens. A longer text loses its end.

    Returns:
        The content of a .tflite file whose signature has the one input `text`, a string in UTF-8 of shape (1,), and
        the same outputs.

    Raises:
        UserError: tensorflow-text cannot cut texts with this vocabulary.
    """
    front = schema.ModelT.InitFromPackedBuf(_convert_tokenizer(vocabulary, sequence_length), 0)
    back = schema.ModelT.InitFromPackedBuf(content, 0)
    return pack_model(_join(front, back), len(content))


def _convert_tokenizer(vocabulary: Vocabulary, sequence_length: int) -> bytes:
    """A .tflite file: `text` -> `ids`, `segment_ids` and `mask`, (1, sequence_length) int32 each."""
    graph = tf.Graph()
    with graph.as_default():
        text = tf.compat.v1.placeholder(tf.string, (1,), name=_TEXT)
        rows = _rows(_tokenizer(vocabulary).tokenize(text).flat_values, vocabulary, sequence_length)
        outputs = [tf.identity(values, name=name) for name, values in rows.items()]
    converter = tf.compat.v1.lite.TFLiteConverter(graph.as_graph_def(), [text], outputs)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    converter.allow_custom_ops = True
    converter.exclude_conversion_metadata = True
    return bytes(converter.convert())


def _tokenizer(vocabulary: Vocabulary) -> Any:
    try:
        return tf_text.FastBertTokenizer(
            vocab=words_of(vocabulary),
            token_out_type=tf.int32,
            unknown_token=UNKNOWN,
            lower_case_nfd_strip_accents=vocabulary.lowercase,
        )
    except RuntimeError as error:
        raise UserError(
            f"The tokenizer of tensorflow-text takes words and pieces of words. Received: {error}",
            "Export with export.tokenizer=outside.",
        ) from error


def _rows(tokens: tf.Tensor, vocabulary: Vocabulary, length: int) -> dict[str, tf.Tensor]:
    """Ids of a text (tokens,) -> `[CLS] text [SEP]` and its padding, (1, length) each."""
    kept = tokens[: length - _MARKS]
    count = tf.shape(kept)[0] + _MARKS
    ids = tf.concat([[vocabulary.cls_id], kept, [vocabulary.sep_id]], 0)
    padded = tf.pad(ids, [[0, length - count]], constant_values=vocabulary.pad_id)
    mask = tf.cast(tf.range(length) < count, tf.int32)
    return {
        "ids": tf.reshape(padded, (1, length)),
        "segment_ids": tf.zeros((1, length), tf.int32),
        "mask": tf.reshape(mask, (1, length)),
    }


def _join(front: schema.ModelT, back: schema.ModelT) -> schema.ModelT:
    """The second model with the first before it: what has the name of an input of the second becomes that input."""
    (first,), (second,) = front.subgraphs, back.subgraphs
    buffers, codes, tensors = len(back.buffers), len(back.operatorCodes), len(second.tensors)
    (signature,) = back.signatureDefs
    made = {first.tensors[index].name: index + tensors for index in first.outputs}
    replaced = {entry.tensorIndex: made[entry.name] for entry in signature.inputs}
    for tensor in first.tensors:
        tensor.name, tensor.buffer = INSIDE.encode() + tensor.name, tensor.buffer + buffers
    for operator in first.operators:
        operator.opcodeIndex += codes
        operator.inputs = [index + tensors if index >= 0 else index for index in operator.inputs]
        operator.outputs = [index + tensors for index in operator.outputs]
    for operator in second.operators:
        operator.inputs = [replaced.get(index, index) for index in operator.inputs]
    back.buffers += front.buffers
    back.operatorCodes += front.operatorCodes
    second.tensors += first.tensors
    second.operators = [*first.operators, *second.operators]
    second.inputs = [index + tensors for index in first.inputs]
    signature.inputs = [schema.TensorMapT(_TEXT, second.inputs[0])]
    return back
