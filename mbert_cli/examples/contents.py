"""What a task is read from, as the contents of files: part of the identity of a run's inputs."""

from pathlib import Path

from mbert_cli.corpus.contents import dataset_content, packages_content
from mbert_cli.examples.augmented import find_augmentation
from mbert_cli.examples.glue import GLUE
from mbert_cli.examples.options import FileTask, GlueTask, InstalledDocsTask, SquadTask, Task, TokenTask
from mbert_cli.examples.unlabelled_files import unlabelled_paths, unlabelled_patterns
from mbert_cli.runs.content import Content, files_content, folder_content


def task_contents(task: Task, known: dict[str, Content]) -> dict[str, Content]:
    """The contents of a task, by the recipe key that names them; `known` as for `files_content`, by key."""
    return _labelled_contents(task, known) | _unlabelled_contents(task, known)


def _labelled_contents(task: Task, known: dict[str, Content]) -> dict[str, Content]:
    if isinstance(task, InstalledDocsTask):
        return {"task.packages": packages_content(task.packages)}
    if isinstance(task, GlueTask):
        return _glue_contents(task, known)
    found = _file_contents(task, known)
    if isinstance(task, SquadTask) and task.train is None:
        found |= dataset_content("task.data_dir", f"squad/{task.version}", task.data_dir, known)
    return found


def _unlabelled_contents(task: Task, known: dict[str, Content]) -> dict[str, Content]:
    patterns = unlabelled_patterns(task)
    if not patterns:
        return {}
    key = "task.unlabelled"
    return {key: files_content(", ".join(patterns), unlabelled_paths(task), known.get(key))}


def _glue_contents(task: GlueTask, known: dict[str, Content]) -> dict[str, Content]:
    if task.folder is None:
        found = dataset_content("task.data_dir", f"glue/{task.name}", task.data_dir, known)
    else:
        folder, splits = Path(task.folder), GLUE[task.name].splits
        files = [folder / file for name, (file, _) in splits.items() if name != "train" or task.train is None]
        found = {"task.folder": folder_content(folder, files, known.get("task.folder"))}
    if task.train is not None:
        found |= _training_content(task.train, known)
    return found


def _training_content(path: str, known: dict[str, Content]) -> dict[str, Content]:
    """What `task.train` leads to; with the validation examples beside augmented ones."""
    augmented = find_augmentation(path)
    files = [augmented.train, augmented.validation] if augmented else [Path(path)]
    return {"task.train": files_content(path, [file for file in files if file], known.get("task.train"))}


def _file_contents(task: FileTask | TokenTask | SquadTask, known: dict[str, Content]) -> dict[str, Content]:
    found = _training_content(task.train, known) if task.train else {}
    if task.validation:
        file = files_content(task.validation, [Path(task.validation)], known.get("task.validation"))
        found["task.validation"] = file
    return found
