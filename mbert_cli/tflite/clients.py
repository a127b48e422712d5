"""The clients: libraries on a phone that take a text, cut it as their own tokenizer does, and run an artifact on it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Client:
    """What a client wants of an artifact.

    Attributes:
        name: What people call it.
        outputs: What it calls the outputs, by their names in the artifact; the others keep theirs.
        asks_questions: Whether it takes a question and a text; else it takes one text, and no pairs.
        length: The one length in tokens that it takes; None for any.
        modes: The quantization modes that it loads; none stands for all.
        note: What a person who chooses it should know.
        cutting: Its way of cutting texts, a value of `task.client`.
    """

    name: str
    outputs: Mapping[str, str] = field(default_factory=dict)
    asks_questions: bool = False
    length: int | None = None
    modes: tuple[str, ...] = ()
    note: str = ""
    cutting: str = "mediapipe"


TEXT_CLASSIFIER = Client("MediaPipe's TextClassifier", {"probabilities": "probability"})

TEXT_EMBEDDER = Client("MediaPipe's TextEmbedder")

QUESTION_ANSWERER = Client(
    "BertQuestionAnswerer of the TFLite Task Library",
    asks_questions=True,
    length=384,
    modes=("float32", "float16"),
    note="The library is a legacy one: its last release is of 2023, its native code is not aligned to pages of 16 KB, "
    "which Google Play asks of apps for Android 15 and later",
)
