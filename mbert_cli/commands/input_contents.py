"""What a recipe reads, as the contents of files: the identity of a run's inputs."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mbert_cli import console
from mbert_cli.commands.preflight import dataset_folder
from mbert_cli.corpus.files import find_files
from mbert_cli.corpus.installed_docs import source_files
from mbert_cli.corpus.options import Corpus, FilesCorpus, TfdsCorpus
from mbert_cli.corpus.store_format import MANIFEST as STORE
from mbert_cli.examples.glue import GLUE
from mbert_cli.examples.options import FileTask, GlueTask, InstalledDocsTask, SquadTask, Task, TokenTask
from mbert_cli.runs.content import (
    Content,
    Contents,
    FileContent,
    files_content,
    folder_content,
    read_contents,
)
from mbert_cli.runs.directory import RunDir, recorded_recipe
from mbert_cli.runs.listing import FINAL, INPUTS, RECIPE, SUMMARY
from mbert_cli.runs.manifest import read_manifest
from mbert_cli.section import Section
from mbert_cli.text.matched_tokens import FILE as MATCHED

_RUNS = ("source", "initialize_from", "teacher", "data.run")
"""Keys that name a run."""

_CHECKPOINT_ENDINGS = (".json", ".txt", ".safetensors", ".bin", ".index", ".model")


def input_contents(recipe: Section, run: Path | None = None) -> dict[str, Content]:
    """The contents of everything that a recipe reads, by its key.

    Args:
        recipe: With the runs that it works on written down.
        run: The run to write, whose record saves hashing large files again.

    Raises:
        UserError: An input is missing or cannot be read.
    """
    known = read_contents(run / INPUTS) if run else {}
    found = {key: run_content(Path(value)) for key in _RUNS if (value := _value(recipe, key))}
    if task := getattr(recipe, "task", None):
        found |= _task_contents(task, known)
    if corpus := getattr(recipe, "corpus", None):
        found |= _corpus_contents(corpus, known)
    if file := _value(recipe, "vocabulary.file"):
        beside = Path(file).with_name(MATCHED)
        found["vocabulary.file"] = files_content(file, [Path(file), *([beside] if beside.exists() else [])])
    return found


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


def run_content(run: Path) -> Content:
    """The result of a complete run, whose manifest has the hashes, without what says nothing of its content."""
    final = run / FINAL
    entries = read_manifest(final)["files"]
    files = [
        FileContent(name, entry["bytes"], _store_digest(final) if name == STORE else entry["sha256"])
        for name, entry in entries.items()
        if name not in (RECIPE, SUMMARY)
    ]
    return Content("folder", str(run), tuple(files))


def checkpoint_content(source: Path) -> Content:
    """A checkpoint of another project: the files of its folder, or those that share its prefix and what lies beside."""
    folder = source if source.is_dir() else source.parent
    files = [
        path
        for path in folder.iterdir()
        if path.is_file()
        and (path.suffix in _CHECKPOINT_ENDINGS or ".data-" in path.name)
        and (source.is_dir() or path.suffix in (".json", ".txt") or path.name.startswith(f"{source.name}."))
    ]
    return folder_content(folder, files)


def say_what_moved(run: RunDir) -> None:
    """Says which inputs of a continued run lie elsewhere now."""
    for key, (old, new) in run.continuation.moved.items():
        console.info(f"{key}: {new} in place of {old}, with the same content")


def warn_of_training_examples(contents: Contents) -> None:
    """Says where a task is validated on a file that it learns from, under whatever name."""
    files = {key: contents[key].files[0] for key in ("task.train", "task.validation") if key in contents}
    if "task.folder" in contents:
        files |= {file.name: file for file in contents["task.folder"].files}
    learnt = {file.sha256 for name, file in files.items() if "train" in name}
    for name, file in files.items():
        if "train" not in name and file.sha256 in learnt:
            place = f" ({file.name})" if file.name != name else ""
            console.warning(
                f"{name}{place} holds what the training file holds: the score is that of examples which are trained on"
            )


def _value(recipe: Section, key: str) -> Any:
    value: Any = recipe
    for part in key.split("."):
        value = getattr(value, part, None)
    return value


def _task_contents(task: Task, known: dict[str, Content]) -> dict[str, Content]:
    if isinstance(task, InstalledDocsTask):
        return {"task.packages": _packages_content(task.packages)}
    if isinstance(task, GlueTask) and task.folder is not None:
        folder = Path(task.folder)
        files = [folder / name for name, _ in GLUE[task.name].splits.values()]
        return {"task.folder": folder_content(folder, files, known.get("task.folder"))}
    if isinstance(task, GlueTask):
        return _dataset_content("task.data_dir", f"glue/{task.name}", task.data_dir, known)
    found = _file_contents(task, known)
    if isinstance(task, SquadTask) and task.train is None:
        found |= _dataset_content("task.data_dir", f"squad/{task.version}", task.data_dir, known)
    return found


def _file_contents(task: FileTask | TokenTask | SquadTask, known: dict[str, Content]) -> dict[str, Content]:
    named = {"task.train": task.train, "task.validation": task.validation}
    return {key: files_content(path, [Path(path)], known.get(key)) for key, path in named.items() if path}


def _corpus_contents(corpus: Corpus, known: dict[str, Content]) -> dict[str, Content]:
    if isinstance(corpus, FilesCorpus):
        key = "corpus.globs"
        files = find_files(corpus.globs).paths
        return {key: files_content(", ".join(corpus.globs), files, known.get(key))}
    if isinstance(corpus, TfdsCorpus):
        return _dataset_content("corpus.data_dir", corpus.dataset, corpus.data_dir, known)
    return {"corpus.packages": _packages_content(corpus.packages)}


def _dataset_content(
    key: str, dataset: str, data_dir: str | None, known: dict[str, Content]
) -> dict[str, Content]:
    """The files of a prepared data set; nothing where it lies elsewhere than tensorflow-datasets puts it."""
    folder = dataset_folder(dataset, data_dir)
    files = [path for path in folder.rglob("*") if path.is_file() and "incomplete" not in str(path)]
    return {key: folder_content(folder, files, known.get(key))} if files else {}


def _packages_content(packages: Iterable[str] | None) -> Content:
    """The Python source whose documentation is read, a hash for each package."""
    files = []
    for package, modules in source_files(packages).items():
        content = files_content(package, [path for _, path in modules])
        digest = hashlib.sha256()
        for (name, _), file in zip(modules, content.files, strict=True):
            digest.update(f"{name} {file.sha256}\n".encode())
        files.append(FileContent(package, sum(file.bytes for file in content.files), digest.hexdigest()))
    return Content("packages", "installed packages", tuple(files))


def _store_digest(final: Path) -> str:
    """The hash of a token store's description without its report, which has the seconds that it took."""
    description = json.loads((final / STORE).read_text(encoding="utf-8")) | {"report": None}
    return hashlib.sha256(json.dumps(description, sort_keys=True).encode()).hexdigest()
