"""Where the texts of a task are in its files."""

import pytest

from mbert_cli.examples.options import FileTask, GlueTask, InstalledDocsTask, TokenTask
from mbert_cli.examples.table_files import Columns
from mbert_cli.examples.task_columns import takes_pairs, text_columns


@pytest.mark.parametrize(
    ("task", "columns"),
    [
        (GlueTask(source="glue", name="sst2"), Columns("sentence")),
        (GlueTask(source="glue", name="mrpc"), Columns("#1 String", "#2 String")),
        (FileTask(source="file", train="t.csv", text="body", label="stars"), Columns("body")),
        (FileTask(source="file", train="t.csv", second_text="reply"), Columns("text", "reply")),
        (TokenTask(source="tokens", train="t.conll"), Columns("text")),
        (InstalledDocsTask(source="installed_docs"), Columns("text")),
    ],
)
def test_columns_of_texts_are_those_of_the_tasks_own_files(task, columns):
    assert text_columns(task) == columns
    assert takes_pairs(task) == (columns.second_text is not None)
