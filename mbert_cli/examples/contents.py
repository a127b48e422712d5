"""What a task is read from, as the contents of files: part of the identity of a run's inputs."""

from pathlib import Path

from mbert_cli.corpus.contents import dataset_content, packages_content
from mbert_cli.examples.glue import GLUE
from mbert_cli.examples.options import FileTask, GlueTask, InstalledDocsTask, SquadTask, Task, TokenTask
from mbert_cli.runs.content import Content, files_content, folder_content


def task_contents(task: Task, known: dict[str, Content]) -> dict[str, Content]:
    """The contents of a task, by the recipe key that names them; `known` as for `files_content`, by key."""
    if isinstance(task, InstalledDocsTask):
        return {"task.packages": packages_content(task.packages)}
    if isinstance(task, GlueTask) and task.folder is not None:
        folder = Path(task.folder)
        files = [folder / name for name, _ in GLUE[task.name].splits.values()]
        return {"task.folder": folder_content(folder, files, known.get("task.folder"))}
    if isinstance(task, GlueTask):
        return dataset_content("task.data_dir", f"glue/{task.name}", task.data_dir, known)
    found = _file_contents(task, known)
    if isinstance(task, SquadTask) and task.train is None:
        found |= dataset_content("task.data_dir", f"squad/{task.version}", task.data_dir, known)
    return found


def _file_contents(task: FileTask | TokenTask | SquadTask, known: dict[str, Content]) -> dict[str, Content]:
    named = {"task.train": task.train, "task.validation": task.validation}
    return {key: files_content(path, [Path(path)], known.get(key)) for key, path in named.items() if path}
