"""`mbert augment`: labelled examples -> more of them, with other words in their places."""

import shlex
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from mbert_cli import console
from mbert_cli.augment.candidates import Candidates, CandidateSearch, DistinctTexts
from mbert_cli.augment.filling import PieceFiller
from mbert_cli.augment.trained_vectors import VectorTraining
from mbert_cli.augment.word_vectors import WordVectors
from mbert_cli.augment.words import read_stop_words
from mbert_cli.augment.writing import Written, describe_files, write_examples
from mbert_cli.display import MILLION_TOKENS, Display
from mbert_cli.errors import Interrupted
from mbert_cli.examples.augmented import write_note
from mbert_cli.examples.loading import load_task
from mbert_cli.examples.texts import TaskData
from mbert_cli.figures import counted
from mbert_cli.preflight.augment import Ready, most_bytes
from mbert_cli.recipe.contents import input_contents
from mbert_cli.runs.directory import RunDir
from mbert_cli.runs.disk import format_bytes
from mbert_cli.runs.identity import PLACES
from mbert_cli.runs.listing import CANDIDATES
from mbert_cli.runs.origin import collect_origin
from mbert_cli.sessions.continuing import say_what_moved, say_when_complete
from mbert_cli.sessions.result import write_summary
from mbert_cli.spread import spread_places
from mbert_cli.text.wordpiece import Tokenizer
from mbert_cli.train.interrupt import InterruptRequest


def run(ready: Ready) -> None:
    """Writes the training examples of a task, each followed by copies in which words are replaced."""
    invocation, recipe = ready.invocation, ready.recipe
    task = ready.task or load_task(recipe.task)
    stop_words = read_stop_words(recipe.augment.stop_words)
    found = _distinct_texts(ready, task, stop_words)
    words = sum(len(found.words(text)) for text in found.texts)
    _show_plan(ready, task, len(found), words)
    if invocation.dry_run:
        return
    contents = ready.contents or input_contents(recipe, opened=ready.inputs)
    origin = collect_origin(seed=recipe.seed)
    with RunDir.open(
        invocation.directory, invocation.verb, recipe.model_dump(exclude=set(PLACES)),
        fresh=invocation.fresh, origin=origin, contents=contents,
    ) as run_dir:  # fmt: skip
        say_what_moved(run_dir)
        if say_when_complete(run_dir):
            return
        candidates = _find_candidates(ready, found, run_dir)
        written: list[Written] = []

        def write(folder: Path) -> None:
            files = describe_files(folder, recipe.task, task)
            written.append(write_examples(files, recipe.augment, recipe.seed, task, candidates))
            write_note(folder, files)
            counts = {"rows": written[0].rows, "originals": written[0].originals, "words": words}
            write_summary(folder, counts)

        run_dir.finish(write)
        shutil.rmtree(run_dir.path / CANDIDATES, ignore_errors=True)
    _show_result(ready, run_dir, task, written[0])


def _distinct_texts(ready: Ready, task: TaskData, stop_words: frozenset[str]) -> DistinctTexts:
    """The texts of the examples that are copied."""
    places = spread_places(len(task.train), ready.recipe.augment.max_examples)
    copied = task.train.take(places)
    return DistinctTexts([*copied.texts, *(copied.second_texts or [])], stop_words)


def _find_candidates(ready: Ready, found: DistinctTexts, run_dir: RunDir) -> Candidates:
    """What may stand in place of each word, as far as it was not found in an earlier session."""
    search = CandidateSearch(run_dir.path / CANDIDATES, found, ready.recipe.augment.candidates)
    tokenizer = Tokenizer(ready.model.vocabulary) if ready.model else None
    neighbours = {}
    if ready.recipe.vectors is not None:
        neighbours = search.neighbours(lambda: _vectors(ready), tokenizer)
    if ready.model is None:
        return Candidates(found, None, neighbours)
    filler, cluster = PieceFiller(ready.model, ready.recipe.augment, found.stop_words), ready.recipe.cluster
    shown = console.progress(len(found), run_dir.kind, search.done)
    with _watched(
        shown, lambda done: f"{run_dir.path} has the candidates of {done:,} of {len(found):,} texts"
    ) as watch:
        return Candidates(found, search.fill(filler, watch, cluster), neighbours)


def _vectors(ready: Ready) -> WordVectors:
    """The vectors of the file, or of the store: kept from an earlier time, or trained."""
    if ready.training is None:
        return ready.vectors  # type: ignore[return-value] # there is a file where there is no store
    found = ready.training.kept.read()
    return _train_vectors(ready.training) if found is None else found


def _train_vectors(training: VectorTraining) -> WordVectors:
    total = MILLION_TOKENS.show(training.total)

    def read(done: int) -> str:
        return f"word vectors have read {MILLION_TOKENS.show(done)} of {total} million tokens"

    shown = console.progress(training.total, "word vectors", training.done, MILLION_TOKENS, sparse=True)
    with _watched(shown, read) as watch:
        return training.run(watch)


@contextmanager
def _watched(
    shown: AbstractContextManager[Display], describe: Callable[[int], str]
) -> Iterator[Callable[[int], None]]:
    """What work is told how much is done: it shows that, and ends the work after Ctrl-C, with what is there then."""
    with InterruptRequest() as request, shown as display:

        def watch(done: int) -> None:
            display.update(done)
            if request.received:
                raise Interrupted(
                    f"Stopped by Ctrl-C: {describe(done)}.", "The same command continues from there."
                )

        yield watch


def _show_plan(ready: Ready, task: TaskData, num_texts: int, words: int) -> None:
    recipe, options, count = ready.recipe, ready.recipe.augment, len(task.train)
    copied = len(spread_places(count, options.max_examples))
    rows = [
        ("task", f"{task.name}: {counted(count, 'training example')}, {copied:,} of them copied"),
        ("words that may be replaced", f"{words:,} in {counted(num_texts, 'different text')}"),
        ("candidates", " and ".join(_sources(ready))),
        *_vectors_row(ready.training),
        (
            "copies",
            f"{options.copies:,} of each, a word replaced with probability {options.replace_probability:g}",
        ),
        ("rows", f"{count + copied * (options.copies or 0):,} at most, those that are alike are dropped"),
        ("size", f"{format_bytes(most_bytes(task.train, recipe))} at most, about"),
        ("written to", str(ready.invocation.directory)),
    ]
    console.plan("Plan", ["", ""], rows, is_result=ready.invocation.dry_run)


def _vectors_row(training: VectorTraining | None) -> list[tuple[str, str]]:
    """Whether vectors are trained before candidates are looked for, and on how much text."""
    if training is None:
        return []
    if training.kept.read() is not None:
        return [("word vectors", f"kept from an earlier time in {training.kept.folder}")]
    done, total = training.done, MILLION_TOKENS.show(training.total)
    begun = f", {MILLION_TOKENS.show(done)} million of them before" if done else ""
    return [("word vectors", f"{total} million tokens read in all passes, by one core{begun}")]


def _sources(ready: Ready) -> list[str]:
    """Where candidates come from, in words."""
    found = [f"the masked LM of {ready.model.path}"] if ready.model else []
    if ready.vectors:
        found.append(f"{len(ready.vectors):,} word vectors")
    if ready.store:
        found.append(f"word vectors trained on {ready.store.run.path}")
    return found


def _show_result(ready: Ready, run_dir: RunDir, task: TaskData, written: Written) -> None:
    if written.rows == written.originals:
        console.warning(
            f"No word was replaced: nothing was found in their places by {' and '.join(_sources(ready))}"
        )
    files = describe_files(run_dir.final, ready.recipe.task, task)
    rows = [
        ("examples", f"{written.originals:,}"),
        ("copies", f"{written.rows - written.originals:,}"),
        ("rows", f"{written.rows:,}"),
        ("file", f"{files.train}, {format_bytes(files.train.stat().st_size)}"),
        ("to learn from it", f"--set {shlex.quote(f'task.train={run_dir.path}')}"),
    ]
    console.table(f"{run_dir.kind}: {run_dir.path}", ["", ""], rows)
