"""A file with its tokenizer inside says of a text what the same network says of its ids."""

import numpy as np
import pytest

from mbert_cli.errors import UserError
from mbert_cli.text.rows import assemble
from mbert_cli.text.vocabulary import LEADING_TOKENS, RESERVED, Vocabulary
from mbert_cli.text.wordpiece import Tokenizer
from mbert_cli.tflite.census import op_census
from mbert_cli.tflite.interpreter import Artifact
from mbert_cli.tflite.latency import Timed, measure_latencies
from mbert_cli.tflite.modes import MODES
from mbert_cli.tflite.options import BenchOptions
from mbert_cli.tflite.targets import refusal_record
from mbert_cli.tflite.text_input import add_tokenizer
from mbert_cli.tflite.text_runtime import TOKENIZER_OPERATIONS

WORDS = ("sea", "see", "##ing", "naive", "!", "海", "a")
VOCABULARY = Vocabulary((*LEADING_TOKENS, *WORDS))
TEXTS = ["sea", "Seeing  the naïve SEA!", "", "海sea", "a " * 30, "[MASK] a"]


@pytest.fixture(scope="module")
def inside(content, tmp_path_factory) -> Artifact:
    path = tmp_path_factory.mktemp("inside") / "model.tflite"
    path.write_bytes(add_tokenizer(content, VOCABULARY, 12))
    return Artifact(path, known_outputs=[("probabilities",)])


@pytest.fixture(scope="module")
def rows() -> dict[str, np.ndarray]:
    """The texts, and the rows that they are to a run."""
    ids, starts = Tokenizer(VOCABULARY).encode(TEXTS)
    lengths = np.minimum(np.diff(starts), 10)
    batch = assemble(ids, starts[:-1], lengths, starts[:-1], lengths * 0, 12, VOCABULARY, pair=False)
    return batch | {"texts": np.array([text.encode() for text in TEXTS], object)}


def test_texts_have_the_answers_of_their_ids(inside, artifact_path, rows):
    by_ids = Artifact(artifact_path).predict(rows)
    assert len(np.unique(by_ids.round(4), axis=0)) == len(TEXTS)
    np.testing.assert_array_equal(inside.predict(rows), by_ids)


@pytest.mark.slow
@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "float32"])
def test_it_makes_no_difference_what_weights_are_stored_in(mode, in_mode, rows, tmp_path):
    content = in_mode(mode, 12)
    paths = tmp_path / "ids.tflite", tmp_path / "text.tflite"
    paths[0].write_bytes(content)
    paths[1].write_bytes(add_tokenizer(content, VOCABULARY, 12))
    by_ids, by_text = (Artifact(path).predict(rows) for path in paths)
    np.testing.assert_array_equal(by_text, by_ids)


def test_the_signature_has_a_string_and_the_outputs_of_the_network(inside):
    assert (inside.reads_text, inside.lengths) == (True, (12,))
    (signature,) = inside.signatures
    ((name, text),) = signature.run.get_input_details().items()
    assert (name, text["name"], text["dtype"], text["shape"].tolist()) == (
        "text",
        "tokenizer/text",
        np.bytes_,
        [1],
    )
    assert signature.outputs == ("probabilities",)


def test_two_operations_are_not_builtin(inside):
    census = op_census(inside.path.read_bytes())
    assert (census["FastBertNormalize"], census["FastWordpieceTokenizeWithOffsets"]) == (1, 1)
    assert not any(name.startswith("Flex") for name in census)
    reason = "it is not builtin: an app must bring it"
    assert refusal_record(inside.path.read_bytes())["cpu"] == [
        {"operation": name, "count": 1, "reason": reason} for name in TOKENIZER_OPERATIONS
    ]


@pytest.mark.slow
def test_it_is_timed_with_its_texts(inside, rows):
    options = BenchOptions(warmup_seconds=0.0, min_seconds=0.01, rounds=1)
    (row,) = measure_latencies([Timed(inside.path, [rows])], options)
    assert (row.sequence_length, row.mode) == (12, "float32")
    assert 0 < row.peak_memory_bytes < 100e6  # without TensorFlow, which the operations bring along


def test_a_vocabulary_that_tensorflow_text_does_not_take_is_refused(content):
    with pytest.raises(UserError) as caught:
        add_tokenizer(content, Vocabulary((*RESERVED, "\x00")), 12)
    assert caught.value.message.startswith(
        "The tokenizer of tensorflow-text takes words and pieces of words."
    )
    assert caught.value.hint == "Export with export.tokenizer=outside."
