"""Texts for `mbert predict`: where they come from, pairs, blank ones."""

import io
from pathlib import Path

import numpy as np
import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples.options import FileTask, GlueTask, ImportedTask, Task
from mbert_cli.examples.unlabelled import unlabelled_texts
from mbert_cli.model.options import SIZES
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.loading import load
from mbert_cli.tasks.asked import AskedTexts
from mbert_cli.tasks.asked_texts import read_texts
from mbert_cli.tasks.model import TaskModel
from mbert_cli.text.vocabulary import RESERVED, Vocabulary
from mbert_cli.weights.description import ModelDescription, VocabularyDescription

SINGLE, PAIRS = GlueTask(source="glue", name="sst2"), GlueTask(source="glue", name="mrpc")
ELSEWHERE = ImportedTask(source="imported")


def invocation(**typed: object) -> Invocation:
    return Invocation("predict", load("predict"), Path("runs"), **typed)


def model(task: Task | ImportedTask, kind: str = "classification") -> TaskModel:
    vocabulary = Vocabulary((*RESERVED, "a"))
    description = ModelDescription(
        verb="finetune",
        size=SIZES["mobilebert_laptop"],
        vocabulary=VocabularyDescription(size=6, lowercase=True, digest=vocabulary.digest),
        output_names=["no", "yes"],
        kind=kind,
        task=task,
    )
    return TaskModel(Path("run"), description, vocabulary, 16, lambda batches: np.zeros((0, 2)))


def read(task: Task | ImportedTask = SINGLE, **typed: object) -> AskedTexts:
    return read_texts(invocation(**typed), model(task))


def refusal(task: Task | ImportedTask = SINGLE, **typed: object) -> tuple[str, str]:
    with pytest.raises(UserError) as error:
        read(task, **typed)
    return error.value.message, error.value.hint


def type_in(monkeypatch, content: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))


LINES = "\ufeffone\r\n\n  two\u2028three \rfour\x0cfive\n".encode()
CUT = ["one", "", "two\u2028three", "four\x0cfive"]


def test_each_line_of_a_file_and_of_standard_input_is_a_text_and_a_blank_one_keeps_its_place(
    tmp_path, monkeypatch
):
    (tmp_path / "texts.txt").write_bytes(LINES)
    assert read(file=tmp_path / "texts.txt").texts == CUT
    type_in(monkeypatch, LINES)
    texts = read()
    assert (texts.texts, texts.second_texts, texts.present) == (CUT, None, [0, 2, 3])
    assert texts.examples(unlabelled_texts).texts == ["one", "two\u2028three", "four\x0cfive"]


def test_a_terminal_is_told_that_texts_are_awaited(monkeypatch, capsys):
    type_in(monkeypatch, b"one\n")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    assert read().texts == ["one"]
    assert capsys.readouterr().err == "Reading texts from standard input, one per line, until Ctrl-D\n"


@pytest.mark.parametrize("lines", ["the ship\tis good", "the ship\tis good\nbook", "a\tb\tc\nd\te"])
@pytest.mark.parametrize("task", [SINGLE, ELSEWHERE])
def test_a_tab_is_white_space_for_a_model_of_single_texts_whatever_stands_in_other_lines(
    monkeypatch, lines, task
):
    type_in(monkeypatch, lines.encode())
    texts = read(task)
    assert (texts.texts, texts.second_texts) == (lines.split("\n"), None)


def test_tabs_are_spoken_of_where_nobody_knows_whether_a_model_takes_pairs(monkeypatch, capsys):
    said = "1 of 2 texts has a tab, which is white space; with --pair it separates two texts\n"
    for task, expected in ((SINGLE, ""), (ELSEWHERE, said)):
        type_in(monkeypatch, b"a\tb\nc\n")
        read(task)
        assert capsys.readouterr().err == expected


@pytest.mark.parametrize(("task", "pair"), [(PAIRS, False), (PAIRS, True), (ELSEWHERE, True)])
def test_a_model_of_pairs_gets_a_pair_from_each_line(monkeypatch, task, pair):
    type_in(monkeypatch, b"a b\tc\n\n d \t e\n\tf\n")
    texts = read(task, pair=pair)
    assert texts.texts == ["a b", "", "d", ""]
    assert texts.second_texts == ["c", "", "e", "f"]
    assert texts.present == [0, 2, 3]
    assert texts.record(2) == {"text": "d", "second_text": "e"}


@pytest.mark.parametrize(("line", "tabs"), [("one text", "no tab"), ("a\tb\tc", "2 tabs")])
def test_a_line_that_is_no_pair_is_refused_with_its_place(monkeypatch, line, tabs):
    type_in(monkeypatch, f"a\tb\n{line}\n".encode())
    message, hint = refusal(PAIRS)
    assert message == (
        "A model of pairs takes two texts with a tab between them. "
        f"Received: {line!r} with {tabs} in standard input:2"
    )
    assert hint == "Write both texts on one line with a tab between them, and no other tab."


def test_pairs_are_refused_for_a_model_of_single_texts():
    for task, kind in ((SINGLE, "classification"), (ELSEWHERE, "token_classification")):
        with pytest.raises(UserError) as error:
            read_texts(invocation(pair=True, texts=("a\tb",)), model(task, kind))
        assert error.value.message == (
            "Only a model that looks at two texts takes pairs. "
            "Received: --pair for run, which was fine-tuned on single ones"
        )
        assert error.value.hint == "Leave --pair out; a tab in a text is white space then."


MAIL = """id;Body;reply
1;"the ship; is
 good";yes
2;;no
3;book was bad;
"""


def table(tmp_path: Path, content: str, name: str = "mail.csv") -> Path:
    (tmp_path / name).write_text(content)
    return tmp_path / name


def test_a_column_of_a_table_is_read_and_each_row_keeps_its_place(tmp_path, capsys):
    texts = read(file=table(tmp_path, MAIL), text_column="body")
    assert texts == AskedTexts(["the ship; is\n good", "", "book was bad"])
    assert capsys.readouterr().err.splitlines() == [
        "mail.csv: cells are separated by semicolons",
        "mail.csv: the column 'Body' for 'body' is taken",
        "1 of 3 texts is blank",
    ]


def test_the_columns_of_the_task_are_read_where_none_are_named(tmp_path):
    glue = table(tmp_path, "sentence\tlabel\nfine .\t1\n", "dev.tsv")
    assert read(SINGLE, file=glue) == AskedTexts(["fine ."])
    own = FileTask(source="file", train="t.csv", text="a", second_text="b", delimiter="|")
    assert read(own, file=table(tmp_path, "b|a\n1|2\n")) == AskedTexts(["2"], ["1"])
    lines = table(tmp_path, '{"text": "one"}\n{"text": null}\n', "texts.jsonl")
    assert read(ELSEWHERE, file=lines) == AskedTexts(["one", ""])


@pytest.mark.parametrize(
    ("task", "how"),
    [(SINGLE, ""), (FileTask(source="file", train="t.csv", text="sentence"), "; task.delimiter='\\t' takes them away")],
    ids=["glue", "file"],
)  # fmt: skip
def test_a_key_is_named_only_where_the_task_has_it(tmp_path, task, how, capsys):
    assert read(task, file=table(tmp_path, 'sentence\tx\n"one"\t1\n', "mail.tsv")).texts == ['"one"']
    assert capsys.readouterr().err == f"mail.tsv: rows that keep quotation marks around a cell: 1{how}\n"


def test_a_column_of_second_texts_makes_pairs(tmp_path):
    path = table(tmp_path, MAIL)
    texts = read(ELSEWHERE, file=path, text_column="Body", second_text_column="reply")
    assert texts.second_texts == ["yes", "no", ""]
    assert texts.present == [0, 1, 2]
    message, hint = refusal(ELSEWHERE, file=path, text_column="Body", pair=True)
    assert (
        message == f"A model of pairs needs the column of the second text. Received: {path} without its name"
    )
    assert hint == "Name it with --second-text-column NAME."


def test_a_column_that_is_not_there_is_refused_with_the_flag_that_names_it(tmp_path):
    path = table(tmp_path, MAIL)
    message, hint = refusal(file=path, text_column="bodi")
    assert message == (
        "A task file must have the columns that are read, 'bodi' too. "
        f"Received: 'id', 'Body', 'reply', separated by semicolons, in {path}:1"
    )
    assert hint == (
        "Name them with --text-column and, for pairs, --second-text-column; in a file that ends in .txt each line "
        "is a text. Did you mean 'Body'?"
    )


@pytest.mark.parametrize(
    ("typed", "source"),
    [({"texts": ("x",)}, "--text"), ({"file": Path("a.txt")}, "a.txt"), ({}, "standard input")],
)
def test_columns_are_refused_for_what_has_none(typed, source):
    message, hint = refusal(text_column="body", **typed)
    assert message == (
        f"--text-column names a column of a .csv, .tsv or .jsonl file. Received: body for {source}"
    )
    assert hint == "Give --file with such a file, or leave --text-column out."


@pytest.mark.parametrize(
    ("name", "setting", "column", "why"),
    [
        ("a.jsonl", "task.delimiter=;", None, "on rows of JSON, which have names. Received: ';'"),
        ("a.csv", "task.text=body", "text", "beside --text-column, which names the column. Received: 'body'"),
    ],
)
def test_keys_that_say_nothing_of_the_table_that_is_read_are_refused(tmp_path, name, setting, column, why):
    file = tmp_path / name
    file.write_text('{"text": "one"}\n' if name.endswith("jsonl") else "text,body\none,two\n")
    recorded = FileTask(source="file", train="t.csv").model_dump()
    loaded = load("predict", settings=[setting], task=recorded)
    typed = Invocation("predict", loaded, Path("runs"), file=file, text_column=column)
    with pytest.raises(UserError) as caught:
        read_texts(typed, model(FileTask(source="file", train="t.csv")))
    key = setting.partition("=")[0]
    assert (caught.value.message, caught.value.hint) == (
        f"{key} has no effect {why} for {file}", f"Leave {key} out.",
    )  # fmt: skip


@pytest.mark.parametrize("setting", ["task.text=body", "task.delimiter=;", "task.encoding=cp1252"])
def test_keys_that_say_how_a_table_is_read_are_refused_where_none_is_read(setting):
    task = ("task.source=file", "task.train=t.csv", setting)
    command = Invocation("predict", load("predict", settings=task), Path("runs"), texts=("x",))
    key, value = setting.split("=")
    with pytest.raises(UserError) as error:
        read_texts(command, model(SINGLE))
    assert error.value.message == (
        f"{key} says how a .csv, .tsv or .jsonl file is read. Received: {value!r} for --text"
    )
    assert error.value.hint == f"Give --file with such a file, or leave {key} out."


def test_texts_come_from_one_place():
    assert refusal(texts=("x",), file=Path("a.txt")) == (
        "Texts come from one place. Received: --text and --file a.txt", "Give one of them.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("texts", "received"), [(("  ",), "a blank one"), (("", " "), "2 blank ones"), ((), "none")]
)
def test_nothing_but_blank_texts_is_refused(monkeypatch, texts, received):
    type_in(monkeypatch, b"")
    assert refusal(texts=texts) == (
        f"`mbert predict` needs texts that are not blank. Received: {received}",
        "Give --text TEXT, --file FILE with one text per line, or standard input.",
    )
