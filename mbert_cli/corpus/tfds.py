"""A corpus from TensorFlow Datasets, read in batches of texts."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mbert_cli.corpus.document import Document, split_paragraphs
from mbert_cli.corpus.options import TfdsSource
from mbert_cli.errors import UserError
from mbert_cli.text.tfds import find_builder, open_split

if TYPE_CHECKING:
    import tensorflow_datasets as tfds

_BATCH = 64


def tfds_documents(options: TfdsSource) -> Iterator[Document]:
    """One document for each example, in the order of the prepared files.

    Raises:
        UserError: The data set is unknown or not prepared, or has no such split or text.
    """
    import tensorflow as tf

    builder = find_builder(options.dataset, options.data_dir, "corpus.")
    _require_text(builder, options)
    examples = open_split(builder, options.split, options.data_dir, "corpus.")
    texts = (
        examples.map(lambda example: example[options.text_feature]).batch(_BATCH).prefetch(tf.data.AUTOTUNE)
    )
    number = 0
    for batch in texts.as_numpy_iterator():
        for text in batch:
            name = f"{options.dataset}:{options.split}:{number}"
            yield Document(name, split_paragraphs(text.decode("utf-8", "replace")))
            number += 1


def _require_text(builder: "tfds.core.DatasetBuilder", options: TfdsSource) -> None:
    features = builder.info.features
    kind = features[options.text_feature] if options.text_feature in features else None  # noqa: SIM401
    texts = getattr(kind, "np_dtype", None) == object  # noqa: E721 - NumPy's type of text equals it, but is another
    if kind is None or not texts or kind.shape != ():
        raise UserError(
            f"corpus.text_feature must be a text feature of the data set. "
            f"Received: {options.text_feature!r}; {options.dataset} has {', '.join(features)}",
            "Set corpus.text_feature to one of these.",
        )
