"""Any encoder teaches any other, and a run that was stopped goes on bit for bit, projections included."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mbert_cli.corpus.document import Document
from mbert_cli.corpus.options import StoreOptions
from mbert_cli.model.cost import count_parameters
from mbert_cli.model.encoder import build_encoder
from mbert_cli.model.options import SIZES
from mbert_cli.runs.directory import RunDir
from mbert_cli.text.vocabulary import LEADING_TOKENS, VOCABULARY_FILE, Vocabulary, load_vocabulary
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.saved_files import describe_vocabulary
from mbert_cli.weights.saved_network import save_network
from mbert_cli.weights.store import load_weights
from tests.corpus.store_writing import write_store

WORDS = ("cat", "dog", "bird", "sees", "hears", "likes", "small", "large", "old", ".")
VOCABULARY = Vocabulary((*LEADING_TOKENS, *WORDS))
SHAPE = {"num_layers": 4, "max_length": 16, "num_heads": 4, "hidden_dim": 32}
TEACHERS = {
    "bert": SIZES["bert_base"].model_copy(update=SHAPE | {"embedding_dim": 32, "intermediate_dim": 16}),
    "ib_bert": SIZES["ib_bert_laptop"].model_copy(
        update=SHAPE | {"embedding_dim": 8, "intermediate_dim": 16, "intra_dim": 48}
    ),
}
STUDENTS = {
    "mobilebert_laptop": {
        "num_layers": 2, "num_heads": 2, "hidden_dim": 24, "embedding_dim": 8, "intermediate_dim": 8, "intra_dim": 12,
    },
    "tinybert_4": {"num_layers": 2, "num_heads": 2, "hidden_dim": 24, "embedding_dim": 24, "intermediate_dim": 8},
}  # fmt: skip
TRAINING = {
    "data.run": "runs/prepare", "data.sequence_length": 16, "train.batch_size": 4, "train.validate_every": 4,
    "train.validation_steps": 1, "train.checkpoint_every": 2, "train.log_every": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A folder with a token store and teachers that are encoders without heads."""
    folder = tmp_path_factory.mktemp("distill")
    random = np.random.default_rng(0)
    sentences = [" ".join(random.choice(WORDS[:-1], 6)) + "." for _ in range(60)]
    documents = [Document(str(n), [" ".join(sentences[n * 6 : n * 6 + 6])]) for n in range(10)]
    with RunDir.open(folder / "runs/prepare", "prepare", {"seed": 0}, fresh=False, origin={}) as run:
        options = StoreOptions(validation_share=0.3)
        run.finish(lambda path: write_store(path, iter(documents), VOCABULARY, options))
    VOCABULARY.save(folder / VOCABULARY_FILE)
    for name, size in TEACHERS.items():
        description = ModelDescription(verb="import", size=size, vocabulary=describe_vocabulary(VOCABULARY))
        network = build_encoder(size, vocab_size=VOCABULARY.size, seed=3)
        with RunDir.open(folder / f"runs/{name}", "import", {"seed": 0}, fresh=False, origin={}) as run:
            run.finish(
                lambda path, network=network, description=description: save_network(
                    path, network, description, load_vocabulary(folder / VOCABULARY_FILE, True)
                )
            )
    return folder


def command_of(strategy: str, teacher: str, student: str, **settings: object) -> list[str]:
    """The words of `mbert distill`."""
    changes = {f"model.changes.{key}": value for key, value in STUDENTS[student].items()}
    values = TRAINING | {"model.size": student, "model.changes.max_length": 16} | changes | settings
    flags = [word for key, value in values.items() for word in ("--set", f"{key}={value}")]
    return ["distill", "--strategy", strategy, "--teacher", f"runs/{teacher}", *flags]


@pytest.fixture
def distill(made, run, monkeypatch) -> Callable[..., Path]:
    """Types `mbert distill` in the folder; the run that it made."""
    monkeypatch.chdir(made)

    def distill(strategy: str, teacher: str, student: str, name: str, **settings: object) -> Path:
        code, _, said = run(*command_of(strategy, teacher, student, **settings), "--run", f"runs/{name}")
        assert code == 0, said
        return Path("runs", name)

    return distill


def arrays_of(run: Path) -> dict[str, bytes]:
    """The result, and what the last checkpoint holds."""
    newest = max((run / "checkpoints").iterdir())
    files = [run / "final/weights.safetensors", *newest.glob("*.safetensors")]
    return {str(file.relative_to(run)): file.read_bytes() for file in files}


def stopped_at_half(run: Path, name: str) -> Path:
    """A copy of a run as it was before its last checkpoint."""
    copy = run.with_name(name)
    shutil.copytree(run, copy)
    shutil.rmtree(copy / "final")
    shutil.rmtree(max((copy / "checkpoints").iterdir()))
    return copy


PER_PLACE = {"distill.steps": 4, "distill.head_map": "[0, 2]", "distill.projections": "per_place"}


def test_the_plan_of_general_distillation_shows_networks_and_projections(made, run, monkeypatch):
    monkeypatch.chdir(made)
    code, shown, said = run(*command_of("general", "ib_bert", "tinybert_4", **PER_PLACE), "--dry-run")
    assert code == 0, said
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert "general distillation 4 0.001 all 1 hidden_states, 1 attention_scores" in lines
    projection = 24 * 32 + 32
    for place in ("embedding", "layer 00", "layer 01"):
        assert f"{place} projection parameters: {projection}" in lines
    (student,) = (line for line in lines if line.startswith("student parameters: "))
    size = SIZES["tinybert_4"].model_copy(update=STUDENTS["tinybert_4"] | {"max_length": 16})
    assert student == f"student parameters: {count_parameters(size, VOCABULARY.size):,}"


@pytest.mark.slow
def test_a_probe_times_the_ends_of_each_kind_of_stage_and_writes_no_run(made, run, monkeypatch):
    monkeypatch.chdir(made)
    steps = {
        "distill.transfer_steps": 4, "distill.pretraining_steps": 3, "distill.ground_truth_ratio": 1,
        "distill.factors.attention": 0,
    }  # fmt: skip
    words = command_of("progressive", "ib_bert", "mobilebert_laptop", **steps)
    code, shown, said = run(*words, "--probe", "--run", "runs/probed")
    assert code == 0, said
    timed = [line for line in said.splitlines() if line.startswith("Timing ")]
    assert timed == [
        "Timing 2 steps of transfer layer_00",
        "Timing 2 steps of transfer layer_01",
        "Timing 3 steps of pre-training distillation",
    ]
    assert re.search(
        r"^time: about .* on 1 device, by the speed of this machine: arithmetic", shown, re.MULTILINE
    )
    assert not Path("runs/probed").exists()


@pytest.mark.slow
def test_a_run_of_general_distillation_goes_on_bit_for_bit_and_leaves_an_encoder(distill):
    whole = distill("general", "ib_bert", "tinybert_4", "whole", **PER_PLACE)
    companions = load_weights(max((whole / "checkpoints").iterdir()) / "companions.safetensors")
    places = ("embedding", "layer_00", "layer_01")
    assert sorted(companions) == sorted(
        f"{place}_projection/{part}" for place in places for part in ("kernel", "bias")
    )
    final = load_weights(whole / "final/weights.safetensors")
    assert {name.split("/")[0] for name in final} == {"encoder"}
    summary = json.loads((whole / "final/summary.json").read_text())
    assert summary["score_name"] == "transfer_loss"
    assert summary["score"] == summary["validation/total"] > 0
    stopped_at_half(whole, "stopped")
    assert arrays_of(distill("general", "ib_bert", "tinybert_4", "stopped", **PER_PLACE)) == arrays_of(whole)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["progressive", "joint", "auxiliary", "general"])
@pytest.mark.parametrize(("teacher", "student"), [("bert", "mobilebert_laptop"), ("ib_bert", "tinybert_4")])
def test_any_encoder_teaches_any_other(distill, teacher, student, strategy):
    settings: dict[str, object] = {
        "distill.factors.attention": 0, "distill.factors.attention_scores": 0,
        "distill.factors.attention_relations": 1, "distill.factors.hidden_cosine": 1,
    }  # fmt: skip
    if strategy == "general":
        settings |= {"distill.steps": 4, "distill.masks_text": "true"}
    else:
        settings |= {
            "distill.transfer_steps": 4,
            "distill.pretraining_steps": 4,
            "distill.ground_truth_ratio": 1,
        }
    run = distill(strategy, teacher, student, f"{strategy}-{teacher}", **settings)
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    values = [line["loss/attention_relations"] for line in lines if "loss/attention_relations" in line]
    assert len(values) >= 4 and np.isfinite(values).all()
    heads = {name.split("/")[0] for name in load_weights(run / "final/weights.safetensors")}
    assert heads - {"pooler"} == (
        {"encoder"} if strategy == "general" else {"encoder", "masked_language_model", "next_sentence"}
    )


@pytest.mark.slow
def test_a_real_bert_teaches_a_small_tinybert_and_a_stopped_run_goes_on_bit_for_bit(
    minilm, text_folder, tmp_path, mbert
):
    mbert(tmp_path, "import", str(minilm), "--run", "runs/minilm")
    vocabulary = "runs/minilm/final/vocab.txt"
    settings = [
        f"corpus={{source: files, globs: ['{text_folder}/texts/*.txt']}}",
        f"vocabulary.file={vocabulary}", "vocabulary.lowercase=true", "store.validation_share=0.1",
    ]  # fmt: skip
    mbert(tmp_path, "prepare", "--run", "runs/prepare", *(word for s in settings for word in ("--set", s)))
    values = TRAINING | {
        "distill.steps": 60, "train.checkpoint_every": 30, "train.validate_every": 30, "train.log_every": 10,
        "data.sequence_length": 32, "train.batch_size": 8, "train.optimizer.learning_rate": 1e-3,
        "model.changes.hidden_dim": 96, "model.changes.embedding_dim": 96, "model.changes.num_heads": 12,
        "model.changes.num_layers": 3, "model.changes.intermediate_dim": 192,
    }  # fmt: skip
    command = ["distill", "--strategy", "general", "--teacher", "runs/minilm"]
    command += [word for key, value in values.items() for word in ("--set", f"{key}={value}")]
    mbert(tmp_path, *command, "--run", "runs/whole")
    lines = [json.loads(line) for line in (tmp_path / "runs/whole/log.jsonl").read_text().splitlines()]
    for name in ("loss/hidden_states", "loss/attention_scores", "validation/total"):
        values = [line[name] for line in lines if name in line]
        assert values[-1] < 0.9 * values[0], (name, values)
    stopped_at_half(tmp_path / "runs/whole", "stopped")
    mbert(tmp_path, *command, "--run", "runs/stopped")
    assert arrays_of(tmp_path / "runs/stopped") == arrays_of(tmp_path / "runs/whole")
