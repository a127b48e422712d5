"""Text of others in a page of Markdown."""

import pytest

from mbert_cli.markdown_text import markdown_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a plain one, with 3 % and snake_case", "a plain one, with 3 % and snake_case"),
        ("__label__sea", r"\_\_label\_\_sea"),
        ("<!-- a|b", r"\<!-- a\|b"),
        ("*[x]* & `y`", r"\*\[x\]\* \& \`y\`"),
        ("one\ntwo", "one\ntwo"),
        ("\x1b[31m", r"\\x1b\[31m"),
    ],
)
def test_what_markdown_reads_as_more_has_a_backslash(text, shown):
    assert markdown_text(text) == shown
