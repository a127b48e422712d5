"""A page as one HTML file."""

import re
from html.parser import HTMLParser

from mbert_cli.page import Page
from mbert_cli.report.html import html
from mbert_cli.table import Picture, Table

SCORES = Table(
    "Scores", ["model", "score", "kind"],
    [("int8", "66.84% ± 1.20%", "a"), ("float32", "66.71%", "b")],
    ["`mbert bench` times them."],
)  # fmt: skip
_ALONE = {"meta", "br"}


class Outline(HTMLParser):
    """Checks that every element ends where it must, and keeps what is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag, attrs):
        self.attributes.append((tag, dict(attrs)))
        if tag not in _ALONE:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def outline(page: Page) -> list[tuple[str, dict[str, str | None]]]:
    parser = Outline()
    parser.feed(html(page))
    parser.close()
    assert parser.open == []
    return parser.attributes


def test_a_table_is_a_section_with_heading_cells_and_notes():
    text = html(Page([SCORES], title="Report"))
    assert "<title>Report</title>" in text
    assert "<h1>Report</h1>" in text
    section = text[text.index("<section>") : text.index("</section>")]
    assert section == (
        '<section>\n<h2 id="part-0">Scores</h2>\n'
        '<div class="scroll" role="region" tabindex="0" aria-labelledby="part-0">\n<table>\n'
        "<thead><tr><th scope=col>model</th><th scope=col class=figure>score</th><th scope=col>kind</th></tr></thead>\n"
        "<tbody>\n"
        "<tr><th scope=row>int8</th><td class=figure>66.84% ± 1.20%</td><td>a</td></tr>\n"
        "<tr><th scope=row>float32</th><td class=figure>66.71%</td><td>b</td></tr>\n"
        "</tbody>\n</table>\n</div>\n"
        "<p><code>mbert bench</code> times them.</p>\n"
    )


def test_every_element_is_closed_and_every_label_names_an_element():
    elements = outline(
        Page([SCORES, SCORES, Table("", ["", ""], [("a", "b")])], notes=["All."], lines=["a", "b"])
    )
    named = {attributes["id"] for _, attributes in elements if "id" in attributes}
    labels = {found["aria-labelledby"] for _, found in elements if "aria-labelledby" in found}
    assert named == labels == {"part-0", "part-1"}


def test_what_people_wrote_is_text_and_never_an_element():
    wild = '<script>alert(1)</script> & "`<b>`" \x1b'
    table = Table(wild, [wild, ""], [(wild, wild)], [wild])
    elements = outline(Page([table], title=wild, notes=[wild], lines=[wild]))
    assert {"script", "b"}.isdisjoint(tag for tag, _ in elements)
    assert "\x1b" not in html(Page([table]))


def test_a_page_asks_nothing_of_the_network_and_has_no_script():
    text = html(Page([SCORES]))
    assert not re.search(r"https?:|<script|<link|@import|url\(", text)


def test_pictures_stand_above_their_table_with_title_and_caption():
    picture = Picture("<svg></svg>", "Score & size", "See `mbert bench`.")
    text = html(Page([Table("Scores", ["a"], [("b",)], pictures=[picture])]))
    figure = (
        "<figure><svg></svg><figcaption><b>Score &amp; size.</b> See <code>mbert bench</code>."
        "</figcaption></figure>"
    )
    assert figure in text
    assert text.index(figure) < text.index("<table>")


def test_a_picture_with_small_print_is_scrolled_and_not_made_smaller():
    table = Table("", ["a"], [("b",)], pictures=[Picture("<svg></svg>", "Maps", is_fine=True)])
    assert (
        '<figure><div class="scroll fine" role="region" tabindex="0" aria-label="Maps"><svg></svg></div>'
        in html(Page([table]))
    )


def test_cells_are_shaded_as_far_as_text_on_them_can_be_read():
    table = Table("", ["", "a", "b"], [("a", "8", "0")], shades=[[0.0, 1.0, 0.0]])
    assert '<td class=figure style="--shade: 0.450">8</td><td class=figure>0</td>' in html(Page([table]))


def test_links_to_the_sections_stand_at_the_top_of_a_long_page():
    assert "<nav" not in html(Page([SCORES] * 2))
    assert '<a href="#part-2">Scores</a>' in html(Page([SCORES] * 3))


def test_a_stream_that_is_not_one_of_utf_8_gets_numbers_for_other_characters():
    text = html(Page([SCORES]), holds_all=False)
    assert "66.84% &#177; 1.20%" in text
    assert text.isascii()
