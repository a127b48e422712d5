"""`mbert prepare`: corpus -> vocabulary and token store."""

import shlex
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mbert_cli import console
from mbert_cli.corpus.corpus import corpus_notes, documents, require_corpus
from mbert_cli.corpus.options import PretrainingOptions
from mbert_cli.corpus.sampling import sample_texts
from mbert_cli.corpus.store_format import StoreReport
from mbert_cli.corpus.store_writing import write_store
from mbert_cli.preflight.inputs import find_run, recorded_input
from mbert_cli.recipe.contents import input_contents
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import PrepareRecipe
from mbert_cli.runs.directory import RunDir
from mbert_cli.runs.disk import require_disk
from mbert_cli.runs.listing import is_run, maker_of, newest_complete
from mbert_cli.runs.origin import collect_origin
from mbert_cli.sessions.continuing import say_what_moved
from mbert_cli.text.matched_tokens import describe_matched
from mbert_cli.text.vocabulary import Vocabulary, load_vocabulary, train_vocabulary


def run(invocation: Invocation) -> None:
    """Writes a corpus once as token ids that batches are drawn from."""
    recipe: PrepareRecipe = invocation.loaded.recipe
    text_bytes = require_corpus(recipe.corpus) or 0
    for note in corpus_notes(recipe.corpus):
        console.info(f"corpus.globs: {note}")
    if recipe.vocabulary.file is not None:
        load_vocabulary(recipe.vocabulary.file, recipe.vocabulary.lowercase)
    if invocation.dry_run:
        _show_plan(recipe, invocation.run)
        return
    require_disk(invocation.run, text_bytes)  # more than the store takes
    path = Path(invocation.run)
    # Of a large corpus this takes as long as reading it from the disk, and runs beside the work of a new run.
    contents = ThreadPoolExecutor(1).submit(input_contents, recipe, path)
    with RunDir.open(
        path,
        "prepare",
        recipe.model_dump(),
        fresh=invocation.fresh,
        origin=collect_origin(),
        contents=contents.result() if is_run(path) else {},
    ) as run_dir:
        say_what_moved(run_dir)
        if run_dir.is_complete:
            console.info(f"{run_dir.path} is complete already; --fresh moves it aside and begins anew")
            return
        vocabulary = _vocabulary(recipe)
        reports: list[StoreReport] = []

        def write(directory: Path) -> None:
            reports.append(write_store(directory, documents(recipe.corpus), vocabulary, recipe.store))
            run_dir.record(contents.result())

        run_dir.finish(write)
    _show_report(run_dir.path, vocabulary, reports[0])


def _vocabulary(recipe: PrepareRecipe) -> Vocabulary:
    options = recipe.vocabulary
    if options.file is not None:
        return load_vocabulary(options.file, options.lowercase)
    console.info(f"Training a vocabulary of {options.size:,} tokens")
    texts = sample_texts(documents(recipe.corpus), options.training_megabytes)
    return train_vocabulary(texts, options.size, options.lowercase)


def _show_plan(recipe: PrepareRecipe, path: Path) -> None:
    options = recipe.vocabulary
    origin = options.file or f"{options.size:,} tokens, trained on the corpus"
    rows = [
        ("corpus", recipe.corpus.source),
        ("vocabulary", origin),
        *(_matched_row(load_vocabulary(options.file, options.lowercase)) if options.file else ()),
        ("held out", f"{recipe.store.validation_share:.1%} of the documents"),
        ("written to", str(path)),
    ]
    console.plan("Plan", ["", ""], rows, is_result=True)


def _matched_row(vocabulary: Vocabulary) -> list[tuple[str, str]]:
    """What is matched in the corpus before words are cut, if there is anything."""
    matched = describe_matched(vocabulary.matched)
    return [("matched first", matched)] if matched else []


def _show_report(path: Path, vocabulary: Vocabulary, report: StoreReport) -> None:
    rows = [
        ("documents", f"{report.documents:,}, {report.validation_documents:,} of them held out"),
        ("sentences", f"{report.sentences:,}, the longest has {report.longest_sentence:,} tokens"),
        ("tokens", f"{report.tokens:,}, {report.unknown_rate:.3%} unknown"),
        ("vocabulary", f"{vocabulary.size:,} tokens"),
        *_matched_row(vocabulary),
        *((f"dropped: {reason}", f"{count:,}") for reason, count in report.dropped.items()),
        ("text", f"{report.text_bytes / 1e6:.1f} MB, cut and written in {report.seconds:.1f} s"),
    ]
    console.table(f"prepare: {path}", ["", ""], rows)


def find_store(invocation: Invocation, options: PretrainingOptions) -> RunDir | None:
    """The run with the token store; made first where the recipe says how and there is none.

    In a dry run nothing is made: None stands for the store that would be.
    """
    chosen = options.run or recorded_input(invocation, "data.run")
    nothing_there = newest_complete(invocation.root, ("prepare",)) is None
    if not chosen and options.prepare and nothing_there:
        quoted = shlex.quote(options.prepare)
        prepare = maker_of(f"prepare {quoted}", invocation.root)
        console.info(f"No prepared corpus in {invocation.root}: `{prepare}` runs first")
        if invocation.dry_run:
            return None
        run(invocation.of("prepare", options.prepare))
    return find_run(invocation, options.run, "data.run", ("prepare",))
