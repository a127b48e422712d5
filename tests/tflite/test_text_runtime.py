"""Files that have their tokenizer inside are known, and run where its operations are registered."""

from pathlib import Path

import pytest
from ai_edge_litert.interpreter import Interpreter

from mbert_cli.text.vocabulary import RESERVED, Vocabulary
from mbert_cli.tflite.text_input import add_tokenizer
from mbert_cli.tflite.text_runtime import has_tokenizer, interpreter_with_tokenizer


@pytest.fixture(scope="module")
def inside(content, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("inside") / "model.tflite"
    path.write_bytes(add_tokenizer(content, Vocabulary((*RESERVED, "sea")), 12))
    return path


def test_a_file_is_known_by_the_names_of_the_operations(inside, artifact_path):
    assert has_tokenizer(inside) and not has_tokenizer(artifact_path)


def test_a_plain_interpreter_refuses_the_file_and_one_with_the_operations_does_not(inside):
    with pytest.raises(RuntimeError, match="unresolved custom op: FastBertNormalize"):
        Interpreter(str(inside)).allocate_tensors()
    interpreter = interpreter_with_tokenizer(inside, threads=1)
    interpreter.allocate_tensors()
    (text,) = interpreter.get_input_details()
    assert text["name"] == "tokenizer/text"
