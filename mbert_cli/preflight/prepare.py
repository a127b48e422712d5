"""What `mbert prepare` needs: a corpus to read, rules of its language, and a vocabulary file where one is named."""

from dataclasses import dataclass
from pathlib import Path

from mbert_cli import console
from mbert_cli.corpus.corpus import corpus_notes, require_corpus
from mbert_cli.corpus.languages import describe_language
from mbert_cli.preflight.cluster import look_at_cluster
from mbert_cli.preflight.inspection import Inspection
from mbert_cli.preflight.machine import look_at_disk
from mbert_cli.preflight.run import look_at_run
from mbert_cli.recipe.contents import input_files
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import PrepareRecipe
from mbert_cli.runs.content import Contents
from mbert_cli.runs.disk import format_bytes
from mbert_cli.text.vocabulary import Vocabulary, load_vocabulary

UNKNOWN_CORPUS_BYTES = 64_000_000
"""Bytes assumed for a corpus that is not a file: about the documentation of the installed packages."""


@dataclass(frozen=True)
class Ready:
    """What was found.

    Attributes:
        invocation: The command.
        recipe: Its recipe.
        path: The run to write.
        text_bytes: Bytes of the corpus; None where that is not known beforehand.
        vocabulary: That of the file; None where one is trained on the corpus.
        contents: What the inputs hold, where a run goes on; None for a new one.
    """

    invocation: Invocation[PrepareRecipe]
    recipe: PrepareRecipe
    path: Path
    text_bytes: int | None
    vocabulary: Vocabulary | None
    contents: Contents | None


def resolve(invocation: Invocation[PrepareRecipe], inspection: Inspection) -> Ready:
    """Looks at corpus, language, vocabulary, run and disk."""
    recipe, path = invocation.recipe, invocation.directory

    def corpus() -> tuple[str, int | None]:
        size_bytes = require_corpus(recipe.corpus)
        for note in corpus_notes(recipe.corpus):
            console.info(note)
        words = recipe.corpus.source if size_bytes is None else f"files of {format_bytes(size_bytes)}"
        return words, size_bytes

    def vocabulary() -> tuple[str, Vocabulary | None]:
        options = recipe.vocabulary
        if options.file is None:
            return f"{options.size:,} tokens, trained on the corpus", None
        found = load_vocabulary(options.file, options.lowercase)
        return f"{options.file}: {found.size:,} tokens", found

    def language() -> tuple[str, None]:
        described = describe_language(recipe.store.language)
        if described != recipe.store.language:
            console.warning(f"store.language is {described}")
        return described, None

    text_bytes = inspection.look("corpus", corpus)
    inspection.look("language", language)
    read = inspection.look("vocabulary", vocabulary)
    contents = look_at_run(inspection, invocation, recipe)
    if text_bytes.failure is None:
        # Two bytes per token of four or more letters, in parts and then in the store.
        look_at_disk(inspection, path, UNKNOWN_CORPUS_BYTES if text_bytes.found is None else text_bytes.found)
        look_at_cluster(inspection, invocation, recipe.cluster, input_files(recipe))
    return Ready(invocation, recipe, path, text_bytes.value, read.value, contents.value)
