"""Pages as Markdown."""

import pytest

from mbert_cli.page import Page
from mbert_cli.report.markdown import markdown
from mbert_cli.table import Table


def test_a_page_is_headings_tables_paragraphs_and_code():
    scores = Table(
        "Scores", ["model", "score", "steps"],
        [("int8", "66.84% ± 1.20%", "1,500"), ("float32", "66.71%", "")],
        ["`mbert bench` times them."],
    )  # fmt: skip
    page = Page([scores], notes=["All is well."], lines=["adb push a_b.tflite"])
    assert markdown(page) == (
        "## Scores\n"
        "\n"
        "| model   |          score | steps |\n"
        "| ------- | -------------: | ----: |\n"
        "| int8    | 66.84% ± 1.20% | 1,500 |\n"
        "| float32 |         66.71% |       |\n"
        "\n"
        "`mbert bench` times them.\n"
        "\n"
        "All is well.\n"
        "\n"
        "```\n"
        "adb push a_b.tflite\n"
        "```\n"
    )


def test_an_empty_page_is_an_empty_text():
    assert markdown(Page()) == ""


def test_a_table_without_headings_has_an_empty_row_of_them_which_github_needs():
    assert markdown(Page([Table("", ["", ""], [("tokens", "[UNK]")])])) == (
        "|        |         |\n| ------ | ------- |\n| tokens | \\[UNK\\] |\n"
    )


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("a|b", "a\\|b"),
        ("a\\|b", "a\\\\\\|b"),
        (
            "*bold* <b> `code` $x$ ~~no~~ &amp;",
            "\\*bold\\* \\<b\\> \\`code\\` \\$x\\$ \\~\\~no\\~\\~ \\&amp;",
        ),
        ("masked_language_model __x__", "masked_language_model \\_\\_x\\_\\_"),
        ("one\ntwo", "one<br>two"),
        ("\x1b[31m", "\\\\x1b\\[31m"),
        ("日本", "日本"),
    ],
)
def test_a_cell_is_read_as_it_stands(cell, written):
    row = markdown(Page([Table("", ["a"], [(cell,)])])).splitlines()[2]
    assert row.strip("| ").rstrip() == written


def test_wide_characters_count_as_two_in_the_padding():
    assert markdown(Page([Table("", ["name"], [("日本",), ("abcd",)])])).splitlines() == [
        "| name |",
        "| ---- |",
        "| 日本 |",
        "| abcd |",
    ]


@pytest.mark.parametrize("note", ["# not a heading", "- not a list", "1. not one either", "+ nor this"])
def test_a_note_is_a_paragraph_whatever_it_begins_with(note):
    assert markdown(Page(notes=[note])).strip() == f"\\{note}"


def test_what_stands_between_backticks_in_a_note_is_code_and_nothing_else_is():
    assert (
        markdown(Page(notes=["Type `mbert eval a_b|c` in a|b"])).strip() == "Type `mbert eval a_b|c` in a\\|b"
    )


def test_lines_with_backticks_are_fenced_by_more_of_them():
    assert markdown(Page(lines=["echo ```"])) == "````\necho ```\n````\n"
