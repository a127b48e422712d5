"""A warning where a task is validated on what it learns from."""

from mbert_cli import console
from mbert_cli.runs.content import Contents


def warn_of_training_examples(contents: Contents) -> None:
    """Says where a task is validated on a file that it learns from, under whatever name."""
    files = {key: contents[key].files[0] for key in ("task.train", "task.validation") if key in contents}
    if "task.folder" in contents:
        files |= {file.name: file for file in contents["task.folder"].files}
    learned = {file.sha256 for name, file in files.items() if "train" in name}
    for name, file in files.items():
        if "train" not in name and file.sha256 in learned:
            place = f" ({file.name})" if file.name != name else ""
            console.warning(
                f"{name}{place} holds what the training file holds: the score is of examples that are trained on"
            )
