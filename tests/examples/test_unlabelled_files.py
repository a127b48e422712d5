"""Texts that nobody labelled: lines and tables, single texts and pairs, and what is refused."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples.contents import task_contents
from mbert_cli.examples.loading import require_task
from mbert_cli.examples.options import FileTask, GlueTask, InstalledDocsTask, SquadTask, TokenTask
from mbert_cli.examples.texts import Examples
from mbert_cli.examples.unlabelled_files import UnlabelledTexts, read_unlabelled, require_unlabelled

HINT = "Correct task.unlabelled, or set it to null to learn from the labelled examples alone."


def write(path: Path, content: str) -> str:
    path.write_bytes(gzip.compress(content.encode()) if path.suffix == ".gz" else content.encode())
    return str(path)


def of_texts(*unlabelled: str, **settings) -> FileTask:
    return FileTask(source="file", train="train.csv", unlabelled=list(unlabelled), **settings)


def refused(task, look=read_unlabelled) -> tuple[str, str]:
    with pytest.raises(UserError) as caught:
        look(task)
    return caught.value.message, caught.value.hint


def test_a_line_is_an_example_in_plain_and_in_packed_files(tmp_path):
    write(tmp_path / "b.txt", "\ufeffone  text\r\n\n  another\t one \n \t \n")
    write(tmp_path / "a.txt.gz", "third\n")
    found = read_unlabelled(of_texts(str(tmp_path / "*.txt*")))
    assert found == UnlabelledTexts(["third", "one  text", "another\t one"], None)


@pytest.mark.parametrize(
    "task",
    [
        InstalledDocsTask(source="installed_docs"),
        GlueTask(source="glue", name="sst2"),
        FileTask(source="file", train="train.csv"),
        TokenTask(source="tokens", train="train.conll"),
    ],
    ids=lambda task: task.source,
)
def test_every_task_of_texts_and_of_words_takes_them(tmp_path, task):
    file = write(tmp_path / "mails.txt", "one\n")
    task = task.model_copy(update={"unlabelled": [file]})
    assert read_unlabelled(task).texts == ["one"]


def test_a_pair_has_a_tab_between_its_texts(tmp_path):
    file = write(tmp_path / "pairs.txt", "one\ttwo\n three \t four\n")
    found = read_unlabelled(of_texts(file, second_text="other"))
    assert found == UnlabelledTexts(["one", "three"], ["two", "four"])


@pytest.mark.parametrize("line", ["alone", "one\ttwo\tthree", "one\t ", "\ttwo"])
def test_a_line_that_is_no_pair_is_named(tmp_path, line):
    file = write(tmp_path / "pairs.txt", f"one\ttwo\n\n{line}\n")
    assert refused(of_texts(file, second_text="other")) == (
        f"A line of unlabelled pairs must have two texts with a tab between them. Received: {file}:3",
        "Correct the line, or write a .csv file with the columns of both texts.",
    )


def test_a_table_has_the_columns_of_the_tasks_own_files(tmp_path):
    table = write(tmp_path / "mails.csv", "id,body,reply\n1,one,two\n2,,\n3,three,four\n")
    lines = write(tmp_path / "mails.jsonl", '{"body": "five", "reply": "six"}\n')
    found = read_unlabelled(of_texts(table, lines, text="body", second_text="reply"))
    assert found == UnlabelledTexts(["one", "three", "five"], ["two", "four", "six"])


def test_rows_of_json_are_utf_8_beside_tables_in_another_encoding(tmp_path):
    (tmp_path / "mails.csv").write_bytes("text\nGröße\n".encode("cp1252"))
    lines = write(tmp_path / "mails.jsonl", '{"text": "Maß"}\n')
    found = read_unlabelled(of_texts(str(tmp_path / "mails.csv"), lines, encoding="cp1252"))
    assert found == UnlabelledTexts(["Größe", "Maß"], None)


def test_rows_with_half_a_pair_are_left_out_and_counted(tmp_path):
    table = write(tmp_path / "mails.csv", "body,reply\none,two\nthree,\n,four\n,\n")
    found = read_unlabelled(of_texts(table, text="body", second_text="reply"))
    assert (found.texts, found.second_texts) == (["one"], ["two"])
    assert found.notes == ("mails.csv: rows with one text of a pair are left out, 2 of them",)


def test_a_test_file_of_glue_is_a_table_of_such_texts(tmp_path):
    file = write(tmp_path / "test.tsv", "index\tsentence\n0\tfine film\n")
    task = GlueTask(source="glue", name="sst2", unlabelled=[file])
    assert read_unlabelled(task) == UnlabelledTexts(["fine film"], None)


GLUE_PAIRS = GlueTask(source="glue", name="mrpc")
WORDS = TokenTask(source="tokens", train="train.conll")
RECODE = (
    "In Western files of Windows and Excel this byte is 'é': convert it with "
    "`iconv -f cp1252 -t UTF-8 {file}`, or save it as CSV UTF-8."
)
NAMED = "in a file that ends in .txt each line is an example."


@pytest.mark.parametrize(
    ("task", "name", "content", "received", "hint"),
    [(GLUE_PAIRS, "a.tsv", b"one\ttwo\n",
      "A task file must have the columns of the task's texts, '#1 String', '#2 String' too. Received: 'one', 'two' in ",
      f"Name its columns '#1 String' and '#2 String'; {NAMED}"),
     (WORDS, "a.csv", b"texts,x\none,\n",
      "A task file must have the columns of the task's texts, 'text' too. Received: 'texts', 'x' in ",
      f"Name its columns 'text'; {NAMED} Did you mean 'texts'?"),
     (WORDS, "a.tsv", b"text\tx\none\n",
      "Each line must have as many cells as the header, 2. Received: 1 in ",
      "Correct the line; a .tsv file has no quoting."),
     (WORDS, "a.csv", b"text\ncaf\xe9\n",
      "A text file must be UTF-8 without NUL bytes. Received: ",
      RECODE),
     (GlueTask(source="glue", name="cola"), "a.tsv", b"bc01\t0\t*\tcaf\xe9\n",
      "A text file must be UTF-8 without NUL bytes. Received: ",
      RECODE)],
    ids=["pairs of GLUE", "columns", "cells", "encoding", "encoding of CoLA"],
)  # fmt: skip
def test_hints_name_no_key_that_the_task_does_not_have(tmp_path, task, name, content, received, hint):
    (tmp_path / name).write_bytes(content)
    file = str(tmp_path / name)
    message, said = refused(task.model_copy(update={"unlabelled": [file]}))
    assert message.startswith(received)
    assert said == hint.format(file=file)


@pytest.mark.parametrize("look", [read_unlabelled, require_unlabelled])
@pytest.mark.parametrize("content", ["", "\n \t\n\r\n"])
def test_text_without_a_line_is_refused_with_its_file(tmp_path, look, content):
    full, empty = write(tmp_path / "a.txt", "one\n"), write(tmp_path / "b.txt", content)
    assert refused(of_texts(full, empty), look) == (
        f"Unlabelled text must hold a line. Received: {empty}, which holds none",
        HINT,
    )


def test_a_table_of_blank_cells_holds_none_either(tmp_path):
    file = write(tmp_path / "mails.csv", "text,label\n ,1\n")
    assert (
        refused(of_texts(file))[0] == f"Unlabelled text must hold a line. Received: {file}, which holds none"
    )


@pytest.mark.parametrize("look", [read_unlabelled, require_unlabelled])
def test_a_pattern_must_match_a_file_that_is_read(tmp_path, look):
    missing, sheet = str(tmp_path / "*.txt"), write(tmp_path / "mails.xlsx", "one\n")
    assert refused(of_texts(missing), look) == (
        f"task.unlabelled must name files. Received: {missing}, which matches none",
        HINT,
    )
    assert refused(of_texts(sheet), look) == (
        f"A file of unlabelled text must end in .txt, .tsv, .csv or .jsonl, with or without .gz. Received: {sheet}",
        "Write one text in a line of a .txt file.",
    )


def test_a_task_is_looked_at_with_its_unlabelled_text(tmp_path):
    train, empty = write(tmp_path / "train.csv", "text,label\na,b\n"), write(tmp_path / "mails.txt", "\n")
    task = FileTask(source="file", train=train, unlabelled=[empty])
    assert refused(task, require_task)[0].startswith("Unlabelled text must hold a line.")
    require_task(task, "validation")  # which is scored without a teacher


def test_a_task_of_questions_has_no_such_texts():
    require_unlabelled(SquadTask(source="squad"))


def test_texts_that_are_scored_on_are_left_out():
    found = UnlabelledTexts(["a  b", "c", "a b", "d"], None)
    scored = [Examples(["a b"], None, np.zeros(1)), Examples(["d", "x"], None, np.zeros(2))]
    assert found.without(scored) == UnlabelledTexts(
        ["c"], None, ("3 unlabelled examples are left out: the validation set has the same text",)
    )
    assert found.without([Examples(["x"], None, np.zeros(1))]) is found


def test_a_pair_is_left_out_only_where_both_texts_are_scored_on():
    found = UnlabelledTexts(["a", "a"], ["b", "c"])
    kept = found.without([Examples(["a"], ["b"], np.zeros(1))])
    assert (kept.texts, kept.second_texts) == (["a"], ["c"])
    assert kept.notes == ("1 unlabelled example is left out: the validation set has the same text",)


def test_texts_that_are_all_scored_on_are_refused():
    with pytest.raises(UserError) as caught:
        UnlabelledTexts(["a"], None).without([Examples(["a"], None, np.zeros(1))])
    assert caught.value.message == (
        "Unlabelled text must have examples of its own. "
        "Received: none; 1 unlabelled example is left out: the validation set has the same text"
    )


def test_what_the_files_hold_is_part_of_what_a_run_reads(tmp_path):
    train, mails = write(tmp_path / "train.csv", "text,label\na,b\n"), write(tmp_path / "mails.txt", "one\n")
    task = FileTask(source="file", train=train, unlabelled=[mails])
    before = task_contents(task, {})["task.unlabelled"]
    write(tmp_path / "mails.txt", "two\n")
    after = task_contents(task, {"task.unlabelled": before})["task.unlabelled"]
    assert (before.path, after.identity != before.identity) == (mails, True)
    assert "task.unlabelled" not in task_contents(task.model_copy(update={"unlabelled": None}), {})
