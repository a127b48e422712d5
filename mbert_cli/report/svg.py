"""Figures of matplotlib as elements of a page: text as text, and ids that are those of no other figure."""

import io
import re
import warnings
from collections.abc import Callable, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from mbert_cli.home import lend_cache

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, SOFT, LINE = "#1b1f24", "#57606a", "#d0d7de"
"""Colours of text, of what is less important, and of rules, as in page.css."""

_NAMESPACES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
_METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)
_ID = re.compile(r' id="([^"]+)"')
_REFERENCE = re.compile(r'(url\(#|href="#)([^")]+)')
_FIRST_TAG = re.compile(r"<svg\b[^>]*>")
_VIEW_BOX = re.compile(r'viewBox="[^"]*"')


def svg_of(
    draw: "Callable[[], Figure]",
    name: str,
    label: str,
    hints: Mapping[str, str] | None = None,
) -> str:
    """Draws a figure and returns it as an element.

    Args:
        draw: Makes the figure; parts that have a hint are given its key as their id (`set_gid`).
        name: Begins all ids, so that they differ from those of other figures of the page.
        label: What the picture shows, for those who cannot see it.
        hints: What is shown where the pointer rests on a part, by the id of the part.
    """
    lend_cache("MPLCONFIGDIR", "matplotlib")
    import matplotlib

    with matplotlib.rc_context(_settings(name)), warnings.catch_warnings():
        # The browser has fonts of its own; here they are only needed to leave room.
        warnings.filterwarnings("ignore", message="Glyph")
        figure = draw()
        kept = io.StringIO()
        figure.savefig(kept, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return _as_element(kept.getvalue(), name, label, hints or {})


def legend_name(name: str) -> str:
    """A name that a legend shows whatever it begins with: matplotlib leaves out those with an underscore."""
    return f"\N{ZERO WIDTH SPACE}{name}" if name.startswith("_") else name


def _settings(name: str) -> Any:
    """How figures of a page look."""
    return {
        "svg.fonttype": "none", "svg.hashsalt": name, "text.parse_math": False,
        "font.size": 9.5, "axes.titlesize": 9.5, "axes.labelsize": 9.5, "xtick.labelsize": 9, "ytick.labelsize": 9,
        "legend.fontsize": 9, "legend.frameon": False, "axes.spines.top": False, "axes.spines.right": False,
        "axes.edgecolor": SOFT, "axes.labelcolor": INK, "text.color": INK, "xtick.color": SOFT, "ytick.color": SOFT,
        "axes.grid": True, "grid.color": LINE, "grid.linewidth": 0.5, "axes.axisbelow": True,
        "figure.constrained_layout.use": True, "lines.linewidth": 1.4,
    }  # fmt: skip


def _as_element(document: str, name: str, label: str, hints: Mapping[str, str]) -> str:
    """The root element alone, with its own ids, a label, and a hint for each part that has one."""
    text = _METADATA.sub("", document[document.index("<svg") :]).strip()
    root, box = _FIRST_TAG.search(text), _VIEW_BOX.search(text)
    if root is None or box is None:
        raise ValueError("matplotlib wrote no svg element")
    opening = f'<svg {_NAMESPACES} {box[0]} role="img" aria-label="{escape(label)}">'
    text = opening + text[root.end() :]
    for key, hint in hints.items():
        text = text.replace(f'<g id="{key}">', f'<g id="{key}"><title>{escape(hint)}</title>', 1)
    # Equal images of a figure have the same id; what nothing refers to needs none.
    kept = {found[2] for found in _REFERENCE.finditer(text)} | set(hints)
    text = _ID.sub(lambda found: f' id="{name}-{found[1]}"' if found[1] in kept else "", text)
    return _REFERENCE.sub(rf"\g<1>{name}-\g<2>", text)
