"""What a person types behind `--set KEY=`, and what arrives."""

import pytest

from mbert_cli.errors import UserError
from mbert_cli.recipe.keys import keys_of
from mbert_cli.recipe.loading import load
from mbert_cli.recipe.setting import read_setting
from mbert_cli.recipe.yaml_text import YamlProblem, plain, written


def read(verb: str, path: str, text: str) -> object:
    """What the first key of that path gets."""
    return plain(read_setting(text, next(key for key in keys_of(verb) if key.path == path)))


@pytest.mark.parametrize(
    "text",
    [
        "my #1.csv", "#1.csv", "a: b.csv", "a:", "C:\\data\\new.csv", "C:/x.csv", "http://host:80/x", "@x.csv", "%x%.csv",
        "*.csv", "!x", "!!str 5", "&a", "*a", "|", "> x", "[a, b", "[a, b]", "{a", "{a,b}.txt", "[0-9].csv", "- a", "-", "`x`",
        "? x", "yes", "no", "on", "1e-4", "2024", "1.0", "true", "2024-01-01", "12:30", "0x10", "~/x.csv", "it's.csv",
        "a, b", "a\tb", "...", "---", "é #.csv", "\udcff.csv", "a\nb", '5" disk.csv', "nan", ".inf", "null.csv", "=", "<<",
    ],
)  # fmt: skip
def test_a_text_arrives_as_it_was_typed(text):
    assert read("finetune", "source", text) == text
    assert load("finetune", settings=["task.source=file", f"task.train={text}"]).recipe.task.train == text


@pytest.mark.parametrize("mark", list("#|>&*!%@` \t;,/+"))
def test_a_single_mark_is_that_text(mark):
    assert read("finetune", "task.delimiter", mark) == mark


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"a b "', "a b "), ("'it''s'", "it's"), ('"5"', "5"), ('"a\\tb"', "a\tb"), ('"a" and "b"', '"a" and "b"'),
        ("'tis", "'tis"), ("  a  ", "a"), ("null", None), ("~", None), ("", None),
    ],
)  # fmt: skip
def test_quotation_marks_that_arrive_are_taken_off_and_null_is_nothing(text, value):
    assert read("finetune", "source", text) == value


def test_a_key_that_takes_no_null_has_a_text_of_these_letters():
    assert read("finetune", "task.label_separator", "~") == "~"
    assert read("prepare", "corpus.text", "null") == "null"
    with pytest.raises(UserError, match=r"task\.text must be text\. Received: null"):
        load("finetune", settings=["task.source=file", "task.train=a.csv", "task.text="])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[a.txt, b/**/*.md]", ["a.txt", "b/**/*.md"]), ("[*.txt]", ["*.txt"]), ("[my #1.txt, a: b]", ["my #1.txt", "a: b"]),
        ("[C:\\a.txt,@x, %y ]", ["C:\\a.txt", "@x", "%y"]), ("[yes, 0, 1.0, null]", ["yes", "0", "1.0", "null"]),
        ("[a, b,]", ["a", "b"]), ("[]", []), ("['a, b', \"c\"]", ["a, b", "c"]), ("[it's, b]", ["it's", "b"]),
        ("[[0-9]*.txt, b[1]]", ["[0-9]*.txt", "b[1]"]), ("[[a, b]]", [["a", "b"]]), ("a.txt", "a.txt"),
    ],
)  # fmt: skip
def test_a_list_of_texts_has_them_as_they_were_typed(text, value):
    assert read("prepare", "corpus.globs", text) == value


@pytest.mark.parametrize("text", ["[a, b", "[a,, b]", "['a, b]", "[a] b", "[{a,b}.txt]"])
def test_a_list_that_does_not_end_is_refused(text):
    with pytest.raises(YamlProblem, match="not YAML"):
        read("prepare", "corpus.globs", text)


def test_one_text_for_a_list_is_told_how_to_be_written():
    with pytest.raises(UserError) as caught:
        load("prepare", settings=["corpus.source=files", "corpus.globs=books/*.txt"])
    assert caught.value.message == (
        "--set: corpus.globs must be a list of texts, at least 1 of them. Write it in brackets: [books/*.txt]. "
        "Received: books/*.txt"
    )


def test_a_key_of_one_or_several_texts_takes_both():
    assert read("finetune", "task.label", "label: x") == "label: x"
    assert read("finetune", "task.label", "[sea, 1]") == ["sea", "1"]
    assert read("export-tflite", "export.quantize", "[float32, float16]") == ["float32", "float16"]


def test_a_key_of_a_number_or_a_text_takes_both():
    assert [read("finetune", "task.token_column", text) for text in ("1", "-2", "words", "1.5", "true")] == [
        1, -2, "words", "1.5", "true",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "value"),
    [("3", 3), (" 3 ", 3), ("1e-4", 1e-4), ("1e3", 1000), ("true", True), ("yes", "yes"), ("3 # x", "3 # x"), ("", None),
     ("[1, 2]", [1, 2]), ("{a: 3}", {"a": 3}), ("'3'", "3")],
)  # fmt: skip
def test_a_number_is_one_and_nothing_is_cut_off_it(text, value):
    read_back = read("distill", "seed", text)
    assert (read_back, type(read_back)) == (value, type(value))


def test_sections_and_unknown_keys_are_read_as_in_a_recipe():
    assert read("distill", "train", "{batch_size: 8}") == {"batch_size": 8}
    assert read("finetune", "search", "null") is None
    assert plain(read_setting("[1, x]", None)) == [1, "x"]


def test_what_a_message_shows_of_a_value_can_be_typed():
    for text in ("my #1.csv", "a: b", "5", "true", " x", "", "~", "[a, b]", "*", "it's", '"a"', "C:\\x"):
        assert read("finetune", "source", written(text)) == text
        assert read("prepare", "corpus.globs", written([text, "b"])) == [text, "b"]
