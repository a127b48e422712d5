"""Where the texts of a task are in its files."""

import pytest

from mbert_cli.examples.options import FileTask, GlueTask, InstalledDocsTask, TokenTask
from mbert_cli.examples.table_files import Columns
from mbert_cli.examples.task_columns import are_same_texts, client_of, takes_pairs, text_columns


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


def test_how_texts_are_read_does_not_make_them_others():
    own = FileTask(source="file", train="t.csv", client="mediapipe", sequence_length=32)
    assert are_same_texts(FileTask(source="file", train="t.csv"), own)
    assert not are_same_texts(FileTask(source="file", train="u.csv"), own)
    assert are_same_texts(
        TokenTask(source="tokens", train="t", sequence_length=8), TokenTask(source="tokens", train="t")
    )


def test_a_task_without_a_client_takes_none():
    assert client_of(FileTask(source="file", train="t.csv", client="mediapipe")) == "mediapipe"
    assert client_of(InstalledDocsTask(source="installed_docs")) is None
    assert client_of(TokenTask(source="tokens", train="t.conll")) is None
    assert client_of(None) is None
