"""What is packed into an artifact, and written beside it: vocabulary, labels and description."""

from collections.abc import Mapping

from mbert_cli.examples.label_names import label_lines
from mbert_cli.figures import in_words
from mbert_cli.tasks.kinds import head_of, kind_of
from mbert_cli.text.matched_tokens import MATCHED_TOKENS_FILE
from mbert_cli.text.vocabulary import VOCABULARY_FILE
from mbert_cli.tflite.clients import Client
from mbert_cli.tflite.metadata import ArtifactMetadata, TensorDescription
from mbert_cli.weights.description import DESCRIPTION_FILE, ModelDescription
from mbert_cli.weights.saved_model import SavedModel

LABELS_FILE = "labels.txt"

_INPUTS = {
    "ids": "Ids of [CLS], the pieces of the words and [SEP]; behind them 0.",
    "segment_ids": "0 in the first text, 1 in the second; behind them 0.",
    "mask": "1 where a token is; behind them 0.",
}
_OUTPUTS = {
    "softmax": "A probability for each label; they add up to 1.",
    "sigmoid": "A probability for each label, of which any number may be true.",
    "linear": "A number for each output, as it is.",
    "unit_length": "A vector of length 1; the cosine of two is the sum of their products.",
}


def artifact_files(model: SavedModel) -> dict[str, bytes]:
    """The files that an artifact is read with, by name."""
    files = {
        VOCABULARY_FILE: (model.folder / VOCABULARY_FILE).read_bytes(),
        DESCRIPTION_FILE: model.description.as_json().encode(),
    }
    if model.description.output_names:
        files[LABELS_FILE] = label_lines(model.description.output_names).encode()
    matched = model.folder / MATCHED_TOKENS_FILE
    return files | ({MATCHED_TOKENS_FILE: matched.read_bytes()} if matched.exists() else {})


def describe_artifact(
    description: ModelDescription, files: Mapping[str, bytes], client: Client | None
) -> ArtifactMetadata:
    """What is packed into an artifact, so that the file alone is enough.

    Args:
        description: The model that it is.
        files: As `artifact_files` gives them.
        client: What reads texts for it on a phone; None where nothing does.
    """
    kind, head = kind_of(description.kind), head_of(description)
    names = client.outputs if client else {}
    # A regression's number has a name of its own too, which a client shows.
    labels = LABELS_FILE if description.output_names and not kind.output_names else None
    return ArtifactMetadata(
        name=f"{in_words(description.kind)} by mbert",
        text=f"Answers with {kind.summary(description.output_names or ())}.",
        inputs={name: TensorDescription(name, text) for name, text in _INPUTS.items()},
        outputs={
            name: TensorDescription(names.get(name, name), _OUTPUTS[head.activation], labels)
            for name in head.artifact_outputs
        },
        vocabulary_file=VOCABULARY_FILE if client else None,
        files=files,
    )
