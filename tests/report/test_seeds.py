"""Which runs differ in their seed alone."""

import json
from pathlib import Path

import pytest
import yaml

from mbert_cli.report.seeds import common_name, runs_by_seed
from mbert_cli.runs.content import Content, FileContent, dump_contents


def write(name: str, verb: str = "finetune", scored: str = "ab", **recipe: object) -> Path:
    path = Path(name)
    (path / "final").mkdir(parents=True)
    (path / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    (path / "origin.json").write_text(json.dumps({"verb": verb}))
    (path / "final/summary.json").write_text(json.dumps({"score": 0.5, "set": scored}))
    return path


pytestmark = pytest.mark.usefixtures("empty_folder")


def test_runs_of_one_recipe_and_several_seeds_belong_together():
    runs = [write(f"a-{seed}", seed=seed, rate=1) for seed in (0, 1, 2)]
    other = write("other", seed=0, rate=2)
    assert runs_by_seed([runs[0], other, *runs[1:]]) == [runs, [other]]


def test_a_repetition_with_the_same_seed_is_a_row_of_its_own():
    first, again, second = write("first", seed=0), write("again", seed=0), write("second", seed=1)
    assert runs_by_seed([first, again, second]) == [[first, second], [again]]


def test_sources_count_by_their_recipes_and_not_by_their_names():
    for seed in (0, 1):
        write(f"student-{seed}", "distill", seed=seed, steps=10)
    write("longer", "distill", seed=2, steps=20)
    alike = [write(f"tuned-{seed}", seed=0, source=f"student-{seed}") for seed in (0, 1)]
    other = write("other", seed=1, source="longer")
    assert runs_by_seed([*alike, other]) == [alike, [other]]


def test_runs_that_were_scored_on_different_sets_have_no_common_mean():
    runs = [write("a", seed=0, scored="ab"), write("b", seed=1, scored="cd")]
    assert runs_by_seed(runs) == [[runs[0]], [runs[1]]]


def read(run: Path, key: str, name: str, sha256: str) -> Path:
    """Records what a run read under a key."""
    content = Content("folder", name, (FileContent("a", 1, sha256),))
    (run / "inputs.json").write_bytes(dump_contents({key: content}))
    return run


def test_runs_that_read_different_files_under_one_name_have_no_common_mean():
    runs = [write(f"a-{seed}", seed=seed, task={"train": "mail.csv"}) for seed in (0, 1, 2)]
    for run, sha256 in zip(runs, ("old", "new", "new"), strict=True):
        read(run, "task.train", "mail.csv", sha256)
    assert runs_by_seed(runs) == [[runs[0]], runs[1:]]


def test_runs_of_two_sources_under_one_name_have_no_common_mean():
    source = write("bert", seed=0)
    files = {"a": {"bytes": 1, "sha256": "here"}}
    (source / "final/manifest.json").write_text(json.dumps({"completed": "2026-01-01", "files": files}))
    ours = [read(write(f"a-{seed}", seed=seed, source="bert"), "source", "bert", "here") for seed in (0, 1)]
    theirs = read(write("b", seed=2, source="bert"), "source", "bert", "there")
    assert runs_by_seed([*ours, theirs]) == [ours, [theirs]]


def test_keys_that_an_earlier_version_did_not_have_count_as_their_defaults():
    task = {"source": "installed_docs"}
    old = write("old", seed=0, source="gone", task=task)
    new = write("new", seed=1, source="gone", task=task, loss={"focal_gamma": 0.0})
    assert runs_by_seed([old, new]) == [[old, new]]


def test_recipes_that_name_each_other_come_to_an_end():
    one, other = write("one", seed=0, source="other"), write("other", seed=0, source="one")
    assert runs_by_seed([one, other]) == [[one], [other]]


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["sst2"], "sst2"),
        (["sst2-0", "sst2-1", "sst2-2"], "sst2-{0,1,2}"),
        (["a", "b"], "{a,b}"),
        (["run", "run-1"], "run{,-1}"),
    ],
)
def test_several_runs_are_named_as_a_shell_does(names, shown):
    assert common_name(names) == shown
