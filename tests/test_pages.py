"""Links of the pages lead somewhere, every page is reached, and figures that can be counted are right."""

import re
from pathlib import Path

import pytest

import mbert_cli
from mbert_cli.model.cost import count_flops, count_parameters, size_bytes
from mbert_cli.model.options import SIZES

ROOT = Path(mbert_cli.__file__).parent.parent
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")),
    *(ROOT / "docs").glob("*.md"),
]
CODE = re.compile(r"^```.*?^```", flags=re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^)\s]+)\)")


def links_of(page: Path) -> list[str]:
    """Targets of the links of a page that lead to no other site."""
    targets = LINK.findall(CODE.sub("", page.read_text(encoding="utf-8")))
    return [target for target in targets if not target.startswith(("http://", "https://"))]


def anchors_of(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", CODE.sub("", page.read_text(encoding="utf-8")), flags=re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings]
    return {
        name if name not in plain[:place] else f"{name}-{plain[:place].count(name)}"
        for place, name in enumerate(plain)
    }


def test_there_are_links_to_check():
    assert sum(len(links_of(page)) for page in PAGES) > 80


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading_that_exist(page):
    broken = []
    for target in links_of(page):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors_of(file)):
            broken.append(target)
    assert not broken


def test_every_page_is_reached_from_the_readme():
    reached, new = set(), {ROOT / "README.md"}
    while new:
        page = new.pop()
        reached.add(page)
        found = {
            (page.parent / target.partition("#")[0]).resolve()
            for target in links_of(page)
            if target[0] != "#"
        }
        new |= {file for file in found if file.suffix == ".md"} - reached
    assert set(PAGES) <= reached


def test_the_table_of_sizes_counts_right():
    page = (ROOT / "docs" / "choose.md").read_text(encoding="utf-8")
    rows = dict(
        re.findall(r"^\| `(\w+)` \| (\d[\d,]+ \| [\d.]+ \| [\d.]+ \| [\d.]+) \|", page, flags=re.MULTILINE)
    )
    counted = {}
    for name, size in SIZES.items():
        megabytes = [
            size_bytes(size, 30_522, kernel_bytes=kernel_bytes, vector_bytes=4) / 1e6
            for kernel_bytes in (4, 1)
        ]
        cells = f"{count_parameters(size, 30_522):,}", *(f"{value:.1f}" for value in megabytes)
        counted[name] = " | ".join([*cells, f"{count_flops(size, 128) / 1e9:.2f}"])
    assert rows == counted


def test_every_path_of_the_package_that_a_page_names_exists():
    for page in PAGES:
        for path in re.findall(r"(?:mbert_cli|tests|recipes)/[\w/.-]*\w", page.read_text(encoding="utf-8")):
            assert (ROOT / path).exists(), f"{page.name}: {path}"


def test_a_name_that_the_contributors_page_places_in_a_file_is_there():
    page = " ".join((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split())
    placed = re.findall(r"`([\w.]+)` in `((?:mbert_cli|tests)/[\w/]+\.py)`", page)
    assert len(placed) > 7
    for name, path in placed:
        assert name.split(".")[-1] in (ROOT / path).read_text(encoding="utf-8"), f"{name} in {path}"
