"""Texts that nobody labelled, encoded and put beside the labelled rows of a task."""

from mbert_cli import console
from mbert_cli.examples.batches import Rows
from mbert_cli.examples.joined_rows import JoinedRows
from mbert_cli.examples.options import AnyTask
from mbert_cli.examples.texts import TaskData
from mbert_cli.examples.unlabelled_files import read_unlabelled, unlabelled_paths, unlabelled_patterns
from mbert_cli.figures import counted
from mbert_cli.tasks.kinds import kind_of
from mbert_cli.text.wordpiece import Tokenizer


def with_unlabelled(labelled: Rows, task: TaskData, options: AnyTask, tokenizer: Tokenizer) -> Rows:
    """The rows to train on, with those of unlabelled text where the recipe names some; says how many.

    Texts that are scored on are left out, so that no score is of texts that were learned from.

    Args:
        labelled: The labelled rows to train on.
        task: The task.
        options: Its recipe section.
        tokenizer: The model's.

    Raises:
        UserError: As `read_unlabelled`, or all texts are scored on.
    """
    if not unlabelled_patterns(options):
        return labelled
    scored = [examples for name, examples in task.sets.items() if name != "train"]
    found = read_unlabelled(options).without(scored)
    examples = kind_of(task.kind).unlabelled(found.texts, found.second_texts)
    rows = kind_of(task.kind).rows(task, examples, options, tokenizer)
    files = counted(len(unlabelled_paths(options)), "file")
    console.info(
        f"task.unlabelled: {counted(len(found.texts), 'example')} from {files}, which the teacher labels"
    )
    for note in found.notes:
        console.info(note)
    return JoinedRows(labelled, rows)
