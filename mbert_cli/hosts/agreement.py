"""Whether all hosts are about to do the same: command, versions, recipe, inputs and the state of the run.

A report has an object of names and values for each of these, or says why the host cannot train.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mbert_cli.figures import counted
from mbert_cli.word_lists import listed

Report = Mapping[str, Any]


@dataclass(frozen=True)
class Aspect:
    """Something in which hosts must agree.

    Attributes:
        rule: A sentence that says so.
        hint: What helps where they do not.
    """

    rule: str
    hint: str


ASPECTS = {
    "command": Aspect(
        "Hosts must be given the same command.", "Type the same one on all, but for --host-index."
    ),
    "versions": Aspect("Hosts must have the same versions.", "Install the same ones on all."),
    "recipe": Aspect(
        "Hosts must have the same recipe.", "Give all the same recipe, --set and flags, but for --host-index."
    ),
    "inputs": Aspect(
        "Hosts must read the same inputs.", "Put them on a disk that all hosts share, or copy them to all."
    ),
    "run": Aspect(
        "Hosts must see the same run directory.", "Name one on a disk that all hosts share, with --run DIR."
    ),
}
"""By the name in a report, in the order in which they are compared."""

_SHOWN = 3


def find_disagreement(reports: Mapping[int, Report], names: Sequence[str]) -> dict[str, Any] | None:
    """The refusal where a host cannot train or is about to do something else than host 0; None where all agree.

    Args:
        reports: By the index of the host; those of all, or of some of which one cannot train.
        names: The name of each host's machine.
    """
    for index, report in sorted(reports.items()):
        if "failure" in report:
            failure = report["failure"]
            host = named(index, names[index])
            return refusal(f"{capitalized(host)} cannot train: {failure['message']}", failure["hint"])
    for name, aspect in ASPECTS.items():
        values = {index: report[name] for index, report in reports.items()}
        others = [index for index in values if values[index] != values[0]]
        if others:
            return refusal(f"{aspect.rule} Received: {_differences(values, others, names)}", aspect.hint)
    return None


def refusal(message: str, hint: str = "") -> dict[str, Any]:
    """The answer to hosts that do not begin."""
    return {"refused": {"message": message, "hint": hint}}


def named(index: int, name: str) -> str:
    """A host, as people are told of it."""
    return f"host {index} ({name})"


def capitalized(sentence: str) -> str:
    """The sentence with a capital at its beginning, and names as they are."""
    return sentence[:1].upper() + sentence[1:]


def _differences(values: Mapping[int, Mapping[str, Any]], others: Sequence[int], names: Sequence[str]) -> str:
    """What each host has in which they differ, host 0 last."""
    keys = [
        key for key in {**values[0], **values[others[0]]} if values[0].get(key) != values[others[0]].get(key)
    ]
    same = [index for index in others if any(values[index].get(key) != values[0].get(key) for key in keys)]
    shown = [*same[:_SHOWN], 0]
    phrases = [f"{_shown(values[index], keys)} on {named(index, names[index])}" for index in shown]
    left = len(others) - _SHOWN
    more = f"; and {counted(left, 'more host differs', 'more hosts differ')}" if left > 0 else ""
    return "; ".join(phrases) + more


def _shown(values: Mapping[str, Any], keys: Sequence[str]) -> str:
    return listed([f"{key} {_written(values.get(key))}" for key in keys], _SHOWN)


def _written(value: object) -> str:
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
