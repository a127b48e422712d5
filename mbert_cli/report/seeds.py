"""Runs that differ in their seed alone: what a person reads as one model with a deviation."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mbert_cli.json_text import read_object
from mbert_cli.recipe.records import validated
from mbert_cli.runs.ancestry import holds_what_was_read, named_run
from mbert_cli.runs.content import read_contents
from mbert_cli.runs.listing import FINAL, INPUTS_FILE, SUMMARY, is_run, recorded_recipe, run_kind

_RUNS = ("source", "initialize_from", "teacher")
"""Keys of a recipe that name another run, whose recipe counts and not its place."""


def runs_by_seed(runs: Sequence[Path]) -> list[list[Path]]:
    """Puts runs together that differ in seeds alone, their own or those of the runs that they came from.

    Two runs of the same seeds are not put together: one is a copy or a repetition, which says nothing of the deviation.
    Nor are runs that were scored on different sets, or that read different files under the same names.

    Args:
        runs: Directories of complete runs.

    Returns:
        Groups of runs, in the order of their first ones.
    """
    groups: list[tuple[str, set[str], list[Path]]] = []
    for run in runs:
        recipe, seeds = _without_seeds(run, ())
        alike = json.dumps(
            [recipe, read_object(run / FINAL / SUMMARY).get("set")], default=str, sort_keys=True
        )
        seeding = json.dumps(seeds)
        for known, known_seeds, members in groups:
            if known == alike and seeding not in known_seeds:
                known_seeds.add(seeding)
                members.append(run)
                break
        else:
            groups.append((alike, {seeding}, [run]))
    return [members for _, _, members in groups]


def common_name(names: Sequence[str]) -> str:
    """Names of runs as a shell writes several: `sst2-{0,1,2}`."""
    if len(names) == 1:
        return names[0]
    same = [len(set(letters)) == 1 for letters in zip(*names, strict=False)]
    start = names[0][: [*same, False].index(False)]
    return f"{start}{{{','.join(name[len(start) :] for name in names)}}}"


def _without_seeds(run: Path, inside: tuple[Path, ...]) -> tuple[dict[str, Any], list[Any]]:
    """The recipe of a run without its seed, in which other runs stand with their own recipes; and all seeds."""
    recipe = validated(run_kind(run), recorded_recipe(run))
    seeds = [recipe.pop("seed", None)]
    contents = read_contents(run / INPUTS_FILE)
    for key in _RUNS:
        other = named_run(run, key)
        if other is None or other in inside:
            continue
        if is_run(other) and holds_what_was_read(run, key, other):
            recipe[key], more = _without_seeds(other, (*inside, run))
            seeds += more
            contents.pop(key, None)
    read = {key: sorted(file.sha256 for file in content.files) for key, content in contents.items()}
    return recipe | {"read": read}, seeds
