"""`mbert prepare`: corpus -> vocabulary and token store."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path

from mbert_cli import console
from mbert_cli.corpus.assembly import assemble_store, no_sentence
from mbert_cli.corpus.contents import file_states, growing_keys, require_unchanged
from mbert_cli.corpus.corpus import documents, duplicates_of
from mbert_cli.corpus.document import Document
from mbert_cli.corpus.duplicates import fingerprint_of
from mbert_cli.corpus.growing import hashes_of, known_files
from mbert_cli.corpus.mixing import MixPart, portions_of
from mbert_cli.corpus.pieces import KnownFiles, cut_into_pieces, encode_pieces
from mbert_cli.corpus.sampling import sample_texts
from mbert_cli.corpus.store import TokenStore
from mbert_cli.corpus.store_format import StoreReport
from mbert_cli.figures import counted, show_megabytes
from mbert_cli.hosts.joining import ALONE, Hosts
from mbert_cli.hosts.together import first_does
from mbert_cli.preflight.prepare import Ready
from mbert_cli.preflight.token_store import Store, StoreRun
from mbert_cli.recipe.contents import input_contents
from mbert_cli.recipe.records import completed
from mbert_cli.recipe.schema import PrepareRecipe
from mbert_cli.runs.complete import Run
from mbert_cli.runs.content import Contents
from mbert_cli.runs.directory import RunDir
from mbert_cli.runs.identity import PLACES, Growth
from mbert_cli.runs.origin import collect_origin
from mbert_cli.sessions.continuing import say_what_moved, say_when_complete
from mbert_cli.sessions.reading import Reading
from mbert_cli.text.matched_tokens import describe_matched
from mbert_cli.text.vocabulary import Vocabulary, train_vocabulary
from mbert_cli.threads import begin_in_thread


def run(ready: Ready) -> None:
    """Writes a corpus once as token ids that batches are drawn from."""
    recipe, path = ready.recipe, ready.path
    if ready.invocation.dry_run:
        _show_plan(ready)
        return
    states = file_states(recipe.corpus)
    # Reading a large corpus for this takes as long as writing it, and runs beside the work of a new run.
    contents = begin_in_thread(lambda: ready.contents or input_contents(recipe, path))
    with RunDir.open(
        path,
        "prepare",
        recipe.model_dump(exclude=set(PLACES)),
        fresh=ready.invocation.fresh,
        origin=collect_origin(),
        contents=ready.contents or {},
        complete=lambda recorded: completed(recorded, recipe),
        growth=Growth((), lambda changes: True, growing_keys(recipe.corpus)),
    ) as run_dir:
        say_what_moved(run_dir)
        if say_when_complete(run_dir):
            return
        vocabulary, report = _write(ready, run_dir, contents, partial(require_unchanged, states))
    _show_report(run_dir.path, vocabulary, report, portions_of(recipe.corpus))


def _write(
    ready: Ready, run_dir: RunDir, contents: Future[Contents], require_as_before: Callable[[], None]
) -> tuple[Vocabulary, StoreReport]:
    """Encodes what is not there yet, and puts the store together."""
    recipe, reading = ready.recipe, Reading(ready.text_bytes)
    known: KnownFiles = {}
    if run_dir.final.is_dir():
        vocabulary = TokenStore(run_dir.final).vocabulary
        known = known_files(run_dir.final, contents.result(), recipe.corpus)
        kept = counted(len(known), "file of it stays as it is", "files of it stay as they are")
        console.info(f"The store grows: {kept}")
    else:
        vocabulary = ready.vocabulary or _train_vocabulary(recipe, reading)
    fingerprint = fingerprint_of(duplicates_of(recipe.corpus))
    pieces = cut_into_pieces(recipe.corpus, known)
    if any(portion.weight > 1 for portion in portions_of(recipe.corpus)):
        reading = Reading(None)  # of what counts more than once only once
    with reading.shown("encoding") as watch:
        encoded = encode_pieces(
            run_dir.parts, pieces, vocabulary, recipe.store, watch, fingerprint, recipe.cluster
        )
    encoded.require_all()
    parts = [
        part.in_mix(piece.portion.part, piece.portion.weight)
        for piece, part in zip(pieces, encoded.parts, strict=True)
    ]
    reports: list[StoreReport] = []

    def write(directory: Path) -> None:
        share, seconds, found = recipe.store.validation_share, encoded.seconds, contents.result()
        hashes, portions = hashes_of(found), portions_of(recipe.corpus)
        require_as_before()
        report = assemble_store(directory, parts, vocabulary, share, fingerprint, seconds, hashes, portions)
        reports.append(report)
        run_dir.record(found)

    run_dir.finish(write)
    shutil.rmtree(run_dir.parts, ignore_errors=True)
    return vocabulary, reports[0]


def prepared(store: Store, hosts: Hosts = ALONE) -> StoreRun:
    """A token store, which is prepared where there is none; of several hosts, the first does."""
    first_does(hosts, lambda: None if isinstance(store, StoreRun) else run(store))
    return store if isinstance(store, StoreRun) else StoreRun.of(Run.open(store.path, ("prepare",)))


def _train_vocabulary(recipe: PrepareRecipe, reading: Reading) -> Vocabulary:
    options, dropped = recipe.vocabulary, Counter[str]()

    def read() -> Iterator[Document]:
        for document in documents(recipe.corpus):
            dropped.update(document.dropped)
            yield document

    with reading.shown("reading") as watch:
        texts = sample_texts(reading.watched(read(), watch), options.training_megabytes)
    if not texts:
        raise no_sentence(dropped)
    console.info(f"Training a vocabulary of {counted(options.size, 'token')}")
    return train_vocabulary(texts, options.size, options.lowercase)


def _show_plan(ready: Ready) -> None:
    recipe, options = ready.recipe, ready.recipe.vocabulary
    origin = options.file or f"{options.size:,} tokens, trained on the corpus"
    rows = [
        ("corpus", recipe.corpus.source),
        *(
            (portion.name, f"each document counts {portion.weight:g} times")
            for portion in portions_of(recipe.corpus)
            if portion.part is not None
        ),
        ("vocabulary", origin),
        *(_matched_row(ready.vocabulary) if ready.vocabulary else ()),
        ("held out", f"{recipe.store.validation_share:.1%} of the documents"),
        ("written to", str(ready.path)),
    ]
    console.plan("Plan", ["", ""], rows, is_result=True)


def _matched_row(vocabulary: Vocabulary) -> list[tuple[str, str]]:
    """What is matched in the corpus before words are cut, if there is anything."""
    matched = describe_matched(vocabulary.matched)
    return [("matched first", matched)] if matched else []


def _show_report(
    path: Path, vocabulary: Vocabulary, report: StoreReport, portions: Sequence[MixPart]
) -> None:
    rows = [
        ("documents", f"{report.documents:,}, {report.validation_documents:,} of them held out"),
        *(
            (portion.name, f"{counted(part['documents'], 'document')}, {counted(part['tokens'], 'token')}")
            for portion, part in zip(portions, report.parts, strict=False)
        ),
        ("sentences", f"{report.sentences:,}, the longest has {counted(report.longest_sentence, 'token')}"),
        ("tokens", f"{report.tokens:,}, {report.unknown_rate:.3%} unknown"),
        ("vocabulary", f"{vocabulary.size:,} tokens"),
        *_matched_row(vocabulary),
        *((f"dropped: {reason}", f"{count:,}") for reason, count in report.dropped.items()),
        ("text", f"{show_megabytes(report.text_bytes)} MB, cut and written in {report.seconds:.1f} s"),
    ]
    console.table(f"prepare: {path}", ["", ""], rows)
