"""The page of a report in a browser: a headless Chromium, at the widths of a desk and of a phone."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from mbert_cli.report.attention_maps import TracedModel
from mbert_cli.report.attention_tables import attention_table
from mbert_cli.report.choices import read_choices
from mbert_cli.report.comparison import comparison_page
from mbert_cli.report.confusion import read_confusions
from mbert_cli.report.drawing import draw_report
from mbert_cli.report.html import html as html_of
from mbert_cli.report.training_table import read_trainings
from tests.report.family import finetuned

pytestmark = pytest.mark.slow

WIDTHS = (1200, 400)
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
MEASURE = """<script>
const width = document.documentElement.clientWidth;
const wide = [...document.querySelectorAll("body *")].filter(
  found => !found.closest(".scroll, pre") && found.getBoundingClientRect().right > width + 1);
document.documentElement.dataset.measured = JSON.stringify({
  width, scroll: document.documentElement.scrollWidth, wide: wide.map(found => found.outerHTML.slice(0, 80)),
  pictures: [...document.querySelectorAll("svg")].map(found => found.getBoundingClientRect().width),
  scrollable: [...document.querySelectorAll(".scroll")].filter(found => found.scrollWidth > found.clientWidth).length,
});
</script></body>"""
"""Put at the end of a copy of the page: it writes down how wide things are."""


@pytest.fixture(scope="module")
def browser() -> str:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("There is no Chromium: `apt-get install chromium-headless-shell` brings one.")
    return found


def opened(browser: str, page: str, width: int, folder: Path) -> tuple[dict, list[str]]:
    """Measures of a page in a window, and what the browser's console said."""
    file = folder / "page.html"
    file.write_text(page.replace("</body>", MEASURE), encoding="utf-8")
    command = [
        browser, "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", f"--window-size={width},900",
        f"--user-data-dir={folder / 'profile'}", "--dump-dom", file.resolve().as_uri(),
    ]  # fmt: skip
    answer = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    found = re.search(r'data-measured="([^"]*)"', answer.stdout)
    assert found, answer.stderr
    console = [line for line in answer.stderr.splitlines() if "CONSOLE" in line]
    return json.loads(html.unescape(found[1])), console


def traced(name: str, layers: int, heads: int) -> TracedModel:
    generator = np.random.default_rng(0)
    maps = {f"attention/layer_{layer:02d}": generator.random((heads, 12, 12)) for layer in range(layers)}
    return TracedModel(
        name,
        {
            "tokens": np.array(
                [
                    "[CLS]",
                    *["it", "rains", "over", "all", "of", "the", "hills", "today"],
                    "\u96e8",
                    ".",
                    "[SEP]",
                ]
            ),
            **maps,
        },
    )


@pytest.fixture(scope="module")
def page(family_as_written, tmp_path_factory) -> str:
    """A page with everything that a report can have, and with names longer than a phone is wide."""
    root = tmp_path_factory.mktemp("page") / "runs"
    shutil.copytree(family_as_written, root)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root.parent)
        root = Path("runs")
        long = finetuned(root / f"a-{'very-' * 9}long-name", "runs/student", "mobilebert_laptop", 0.8)
        choices = read_choices(
            [*(root / f"small-{seed}" for seed in range(3)), root / "big", long, root / "student"], []
        )
        trainings = read_trainings([choice for choice in choices if not choice.is_artifact])
        maps = attention_table(traced("small", 4, 4), traced("big", 12, 12), "it rains", [], "attention-0")
        return html_of(
            comparison_page(
                choices, trainings, read_confusions(choices), draw_report(choices, trainings, [maps])
            )
        )


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_is_as_wide_as_the_window_and_the_console_says_nothing(browser, page, width, tmp_path):
    measured, console = opened(browser, page, width, tmp_path)
    assert console == []
    assert measured["wide"] == []
    assert width - 20 < measured["width"] <= width  # what a bar for scrolling up and down leaves
    assert measured["scroll"] <= measured["width"]
    assert len(measured["pictures"]) == page.count("<svg") >= 8
    assert min(measured["pictures"]) >= 300
    assert measured["scrollable"] > 0 or width > 1000


def test_what_would_be_wrong_is_seen(browser, tmp_path):
    wrong = (
        '<!doctype html><body><p style="width: 900px">a</p><script>console.error("b"); c()</script></body>'
    )
    measured, console = opened(browser, wrong, 400, tmp_path)
    assert measured["scroll"] > 400
    assert len(measured["wide"]) == 1
    assert len(console) == 2
