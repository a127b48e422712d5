"""The runtime of artifacts that have their tokenizer inside: LiteRT's, with two operations of tensorflow-text."""

from pathlib import Path

from ai_edge_litert.interpreter import Interpreter, InterpreterWithCustomOps

TOKENIZER_OPERATIONS = ("FastBertNormalize", "FastWordpieceTokenizeWithOffsets")
"""Operations that are not builtin in TFLite; the second is never there without the first."""


def has_tokenizer(path: Path) -> bool:
    """Whether a file names these operations."""
    content = path.read_bytes()
    return all(name.encode() in content for name in TOKENIZER_OPERATIONS)


def load_tokenizer_operations() -> list[object]:
    """What registers the operations in an interpreter; TensorFlow is loaded with them, which takes seconds."""
    from tensorflow_text import tflite_registrar

    return [tflite_registrar.AddFastBertNormalize, tflite_registrar.AddFastWordpieceTokenize]


def interpreter_with_tokenizer(path: Path, threads: int) -> Interpreter:
    """An interpreter of a file with these operations; raises as `Interpreter` does."""
    return InterpreterWithCustomOps(
        custom_op_registerers=load_tokenizer_operations(), model_path=str(path), num_threads=threads
    )
