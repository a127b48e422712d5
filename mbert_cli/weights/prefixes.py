"""Names of a checkpoint as the tables have them, whatever wrapped the model when it was saved."""

import re
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from mbert_cli.errors import UserError
from mbert_cli.weights.conversion import reason_to_skip

WRAPPERS = ("_orig_mod", "module", "_fsdp_wrapped_module", "_checkpoint_wrapped_module")
"""Parts of names that `torch.compile`, data parallelism, sharding and recomputation put in."""

_WRAPPER = re.compile(rf"(?:^|(?<=\.))(?:{'|'.join(WRAPPERS)})\.")

ANCHORS = {"huggingface": "embeddings.word_embeddings.weight", "tf1": "embeddings/word_embeddings"}
"""End of the name of the word table, by format: what stands before it is a prefix."""

ENCODER_PARTS = {
    "huggingface": ("embeddings.", "encoder.", "transformer.", "pooler."),
    "tf1": ("embeddings/", "encoder/", "pooler/"),
}
"""How names of a bare encoder begin, by format."""


class Renamed(Mapping[str, np.ndarray]):
    """Arrays under other names; each is read when it is asked for.

    Args:
        arrays: The arrays by the names of their file.
        names: Those names by the new ones.
    """

    def __init__(self, arrays: Mapping[str, np.ndarray], names: Mapping[str, str]) -> None:
        self._arrays, self._names = arrays, names

    def __getitem__(self, name: str) -> np.ndarray:
        return self._arrays[self._names[name]]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def with_usual_prefix(
    arrays: Mapping[str, np.ndarray], family: str, file_format: str
) -> tuple[Mapping[str, np.ndarray], tuple[str, ...]]:
    """The arrays under the names that the model itself gives them, and what was taken off, as notes.

    Args:
        arrays: Those of a checkpoint, by its own names.
        family: bert, mobilebert or distilbert.
        file_format: huggingface or tf1.

    Raises:
        UserError: The file holds several models, or a prefix that some of its arrays lack.
    """
    names, notes = {name: name for name in arrays}, []
    base, point = ("bert/", "/") if file_format == "tf1" else (f"{family}.", ".")
    if file_format == "huggingface":
        names, wrappers = _without_wrappers(names)
        notes += [
            f"`{part}.` in names of arrays is taken off: it says how a model was wrapped" for part in wrappers
        ]
    outer = _find_outer(names, base, ANCHORS[file_format], point)
    if outer:
        names = _without_outer(names, outer)
        notes.append(f"`{outer}` before all names of arrays is taken off")
    if not any(name.startswith(base) for name in names):
        parts = ENCODER_PARTS[file_format]
        names = {base + new if new.startswith(parts) else new: old for new, old in names.items()}
    return Renamed(arrays, names), tuple(notes)


def _without_wrappers(names: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The names without what stands for a wrapper, and which wrappers there were."""
    found = {_WRAPPER.sub("", new): old for new, old in names.items()}
    if len(found) < len(names):
        raise UserError(
            "A checkpoint must hold one model. "
            f"Received: arrays with and without {', '.join(WRAPPERS[:2])} in their names, such as {next(iter(names))}",
            "Save the model once, for example with `model.save_pretrained(DIR)`.",
        )
    return found, [part for part in WRAPPERS if any(part in name.split(".") for name in names)]


def _find_outer(names: Iterable[str], base: str, anchor: str, point: str) -> str:
    """What stands before the names of the model, by its word table; empty for nothing."""
    tables = [name for name in names if name == anchor or name.endswith(point + anchor)]
    before = {name[: -len(anchor)] for name in tables if reason_to_skip(name) is None}
    outers = {prefix.removesuffix(base) if _ends_with(prefix, base, point) else prefix for prefix in before}
    if len(outers) > 1 and "" not in outers:
        raise UserError(
            f"A checkpoint must hold one model. Received: word tables below {', '.join(sorted(outers))}",
            "Save only the one that you mean, for example with `model.save_pretrained(DIR)`.",
        )
    return "" if "" in outers or not outers else outers.pop()


def _ends_with(prefix: str, base: str, point: str) -> bool:
    return prefix == base or prefix.endswith(point + base)


def _without_outer(names: Mapping[str, str], outer: str) -> dict[str, str]:
    """The names without a prefix that all of them have, apart from arrays that nothing reads."""
    others = [name for name in names if not name.startswith(outer) and reason_to_skip(name) is None]
    if others:
        raise UserError(
            f"A prefix of the word table must stand before all names of a checkpoint. Received: {outer}, and "
            f"{len(others):,} of {len(names):,} arrays without it, such as {others[0]}",
            "Save the model by its class in `transformers`, for example with `model.save_pretrained(DIR)`.",
        )
    return {new.removeprefix(outer): old for new, old in names.items()}
