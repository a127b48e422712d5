"""Documents -> a token store, in one go: what `mbert prepare` does piece by piece."""

import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from mbert_cli.corpus.assembly import assemble_store
from mbert_cli.corpus.document import Document
from mbert_cli.corpus.duplicates import Fingerprint
from mbert_cli.corpus.encoding import encode_documents
from mbert_cli.corpus.options import StoreOptions
from mbert_cli.corpus.parts import CorpusPart, WritingProgress, write_part
from mbert_cli.corpus.store_format import StoreReport, token_type
from mbert_cli.text.vocabulary import Vocabulary


def write_store(
    directory: Path,
    documents: Iterable[Document],
    vocabulary: Vocabulary,
    options: StoreOptions,
    progress: WritingProgress | None = None,
    fingerprint: Fingerprint | None = None,
) -> StoreReport:
    """Writes the files of a store into an existing, empty directory.

    The result depends on the documents and their order alone, never on the number of workers.

    Args:
        directory: Receives the files; atomic naming is the caller's part.
        documents: Read once, a bounded number of them ahead of what is written.
        vocabulary: Cuts sentences into tokens, and is saved beside them.
        options: Share, language and workers.
        progress: Told after every chunk.
        fingerprint: What duplicates are found by; None keeps them.

    Raises:
        UserError: No document has a sentence.
    """
    from mbert_cli.text.wordpiece import Tokenizer  # imports TensorFlow

    tokenizer, started = Tokenizer(vocabulary), time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="part-", dir=directory.parent) as scratch:
        chunks = encode_documents(documents, tokenizer, options, fingerprint)
        for writer in write_part(Path(scratch), chunks, has_fingerprints=fingerprint is not None):
            if progress:
                progress(writer.documents, writer.text_bytes)
        part = CorpusPart.open(Path(scratch), token_type(vocabulary.size))
        seconds = time.perf_counter() - started
        return assemble_store(directory, [part], vocabulary, options.validation_share, fingerprint, seconds)
