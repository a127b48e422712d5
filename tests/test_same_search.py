"""A search finds the same, bit for bit, whoever trains its trials."""

from pathlib import Path

import numpy as np
import pytest

CORPUS = ["--set", "corpus={source: files, globs: ['texts/*.txt']}", "--set", "vocabulary.size=1000"]
TEACHER = [
    "train-teacher", "--set", "data.run=runs/prepare", "--set", "model.size=mobilebert_laptop", "--set", "train.steps=1",
    "--set", "train.validate_every=1", "--set", "train.validation_steps=1", "--run", "runs/teacher",
]  # fmt: skip
SEARCH = [
    "finetune", "file", "--source", "runs/teacher", "--set", "task.train=task.tsv", "--set", "task.sequence_length=64",
    "--set", "train.max_steps=20", "--set", "search.learning_rate=[1e-2,1e-3]",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(text_folder, mbert) -> Path:
    """A folder with a pre-trained run of a size whose operations libraries do share out, and a task of long texts."""
    mbert(text_folder, "prepare", *CORPUS, "--run", "runs/prepare")
    mbert(text_folder, *TEACHER)
    generator = np.random.default_rng(0)
    words = np.array(" ".join(path.read_text() for path in (text_folder / "texts").iterdir()).split())
    texts = [" ".join(generator.choice(words, 60)) for _ in range(400)]
    rows = [f"{text}\t{place % 2}\n" for place, text in enumerate(texts)]
    (text_folder / "task.tsv").write_text("text\tlabel\n" + "".join(rows))
    return text_folder


def trained(folder: Path, run: str) -> dict[str, bytes]:
    """What a search leaves: its table, and the weights of every trial and of the best one."""
    place = folder / run
    files = [place / "search.json", *place.rglob("final/weights.safetensors")]
    return {str(file.relative_to(place)): file.read_bytes() for file in files}


@pytest.mark.slow
def test_a_search_finds_the_same_bits_one_after_the_other_in_processes_of_its_own_and_by_ray(folder, mbert):
    pytest.importorskip("ray")
    mbert(folder, *SEARCH, "--run", "runs/alone")
    mbert(folder, *SEARCH, "--run", "runs/shared", "--set", "cluster.workers=2")
    mbert(folder, *SEARCH, "--run", "runs/ray", "--cluster", "local")
    alone = trained(folder, "runs/alone")
    assert len(alone) == 4
    assert trained(folder, "runs/shared") == alone
    assert trained(folder, "runs/ray") == alone
