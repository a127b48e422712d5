"""What a word of YAML is."""

import pytest
import yaml

from mbert_cli.recipe.yaml_text import plain, read_entries
from mbert_cli.runs.directory import RunDir

WORDS = [
    "08", "09", "0o7", "1e3", "1.5e3", "-1E4", "1_000", ".5", "5.", "+1", ".inf", ".NaN", "~", "null", "Null", "true",
    "yes", "on", "no", "y", "2001-01-01", "12:30:45", "0x1F", "0b1", "=", "<<", "", " ", "a: b", "# no", "- x", "*a",
    "&a", "!t", "[a]", "{a}", "'", '"', "a\nb", "\t", "ä€", "e5", "1e", "--", "...",
]  # fmt: skip
VALUES = [0, 8, -3, 10**20, 1e-05, 1e20, 1.5e-7, 0.1, -0.0, 1e16, float("inf"), True, False, None]


@pytest.mark.usefixtures("empty_folder")
def test_what_a_run_writes_down_is_read_back_by_both_versions_of_yaml(tmp_path):
    recipe = {
        "task": {"labels": WORDS},
        "numbers": VALUES,
        **{f"key{i}": word for i, word in enumerate(WORDS)},
    }
    with RunDir.open(tmp_path / "run", "finetune", recipe, fresh=False, origin={}):
        text = (tmp_path / "run" / "recipe.yaml").read_text(encoding="utf-8")
    entries = {key: plain(entry.value) for key, entry in read_entries(text).items()}
    for found in (entries, yaml.safe_load(text)):
        assert repr(found) == repr(recipe)
