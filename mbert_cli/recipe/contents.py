"""What a recipe reads, as the contents of files: the identity of a run's inputs."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mbert_cli.corpus.contents import corpus_contents
from mbert_cli.corpus.files import find_files
from mbert_cli.corpus.mixing import portions_of
from mbert_cli.corpus.options import FilesSource
from mbert_cli.corpus.store_format import STORE_MANIFEST as STORE
from mbert_cli.examples.contents import task_contents
from mbert_cli.runs.complete import Run
from mbert_cli.runs.content import Content, FileContent, files_content, read_contents
from mbert_cli.runs.listing import FINAL, INPUTS_FILE, RECIPE, SUMMARY, recorded_recipe
from mbert_cli.runs.manifest import MANIFEST, read_manifest
from mbert_cli.section import Section
from mbert_cli.text.matched_tokens import MATCHED_TOKENS_FILE

_RUNS = ("source", "initialize_from", "teacher", "data.run", "masked_language_model", "vectors.run")
"""Keys that name a run."""
_FILES = ("task.train", "task.validation", "task.folder", "task.data_dir", "corpus.data_dir")
"""Keys that name a file or a folder, beside the patterns of a corpus."""


def input_contents(
    recipe: Section, run: Path | None = None, opened: Mapping[str, Run] | None = None
) -> dict[str, Content]:
    """The contents of everything that a recipe reads, by its key.

    Args:
        recipe: With the runs that it works on written down.
        run: The run to write, whose record saves hashing large files again.

        opened: Runs that the recipe works on as far as they were opened, by key.

    Raises:
        UserError: An input is missing or cannot be read.
    """
    known = read_contents(run / INPUTS_FILE) if run else {}
    found = {
        key: run_content(Path(value), (opened or {}).get(key))
        for key in _RUNS
        if (value := _value(recipe, key))
    }
    if task := getattr(recipe, "task", None):
        found |= task_contents(task, known)
    if corpus := getattr(recipe, "corpus", None):
        found |= corpus_contents(corpus, known)
    for key in ("vectors.path", "augment.stop_words"):
        if file := _value(recipe, key):
            found[key] = files_content(file, [Path(file)], known.get(key))
    if file := _value(recipe, "vocabulary.file"):
        beside = Path(file).with_name(MATCHED_TOKENS_FILE)
        found["vocabulary.file"] = files_content(file, [Path(file), *([beside] if beside.exists() else [])])
    return found


def input_files(recipe: Section) -> list[Path]:
    """Files and folders that a recipe names and whose sight tells whether another machine has the same inputs.

    Raises:
        UserError: A pattern of the corpus matches nothing.
    """
    found = [run / FINAL / MANIFEST for run in named_runs(recipe)]
    found += [Path(value) for key in _FILES if (value := _value(recipe, key))]
    corpus = getattr(recipe, "corpus", None)
    for portion in portions_of(corpus) if corpus else ():
        if isinstance(portion.corpus, FilesSource):
            paths = find_files(portion.corpus.globs, f"{portion.key}.globs").paths
            found += [file for file in paths if isinstance(file, Path)]
    return found


def named_runs(recipe: Section) -> list[Path]:
    """The runs that a recipe names to work on, whether they are there or not."""
    return [Path(value) for key in _RUNS if (value := _value(recipe, key))]


def with_recorded_runs(recipe: Section, path: Path) -> Section:
    """The recipe with the runs that a run in `path` works on, where it names none."""
    recorded = recorded_recipe(path)
    for key in _RUNS:
        section, _, field = key.rpartition(".")
        then = (recorded.get(section) or {}) if section else recorded
        inner = getattr(recipe, section, None) if section else recipe
        if then.get(field) and inner is not None and getattr(inner, field, "") is None:
            inner = inner.model_copy(update={field: then[field]})
            recipe = recipe.model_copy(update={section: inner}) if section else inner
    return recipe


def run_content(path: Path, run: Run | None = None) -> Content:
    """The result of a complete run by the hashes of its manifest, without what says nothing of its content.

    Args:
        path: The run's directory.
        run: The run, where it was opened already.
    """
    final = path / FINAL
    entries = run.files if run else read_manifest(final)["files"]
    files = [
        FileContent(name, entry["bytes"], _store_digest(final) if name == STORE else entry["sha256"])
        for name, entry in entries.items()
        if name not in (RECIPE, SUMMARY)
    ]
    return Content("folder", str(path), tuple(files))


def _value(recipe: Section, key: str) -> Any:
    value: Any = recipe
    for part in key.split("."):
        value = getattr(value, part, None)
    return value


def _store_digest(final: Path) -> str:
    """The hash of a token store's description without its report, which has the seconds that it took."""
    description = json.loads((final / STORE).read_text(encoding="utf-8")) | {"report": None}
    return hashlib.sha256(json.dumps(description, sort_keys=True).encode()).hexdigest()
