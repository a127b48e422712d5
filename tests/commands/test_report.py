"""`mbert report` as it is typed."""

import json
from pathlib import Path

import pytest

from mbert_cli import __version__, cli
from mbert_cli.model.heads import build_pretraining_network
from mbert_cli.model.options import SIZES
from mbert_cli.runs.directory import RunDir
from mbert_cli.text.vocabulary import LEADING_TOKENS, Vocabulary, load_vocabulary
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.saved_files import describe_vocabulary
from mbert_cli.weights.saved_network import save_network
from tests.report.family import write_family


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_family(Path("runs"))
    return folder


@pytest.fixture(autouse=True)
def _work_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


def typed(*words: str) -> int:
    with pytest.raises(SystemExit) as ending:
        cli.main(["report", *words])
    return ending.value.code or 0


def test_tables_of_all_task_models_are_printed(capsys):
    assert typed() == 0
    captured = capsys.readouterr()
    assert "sst2, 872 examples (set 3f9a1c02)" in captured.out
    assert "small-{0,1,2}" in captured.out
    assert captured.err == "All complete task models in runs: big, small-0, small-1, small-2\n"


def test_a_file_has_the_format_of_its_ending(capsys):
    assert typed("runs/big", "-q", "--out", "report.json") == 0
    assert [model["name"] for model in json.loads(Path("report.json").read_text())["models"]] == ["big"]
    assert typed("runs/big", "--format", "markdown") == 0
    assert "## Models" in capsys.readouterr().out


def test_html_has_pictures_and_needs_nothing_beside_it():
    pytest.importorskip("matplotlib")
    assert typed("-q", "--out", "report.html") == 0
    text = Path("report.html").read_text(encoding="utf-8")
    assert text.count("<svg ") == text.count("</svg>") == 6
    assert "<title>2 models and 3 artifacts side by side</title>" in text
    assert f"<p>Made by mbert {__version__} on 20" in text
    assert not [word for word in ("<script", "<link", "@import", 'src="http', 'href="http') if word in text]


def test_wrong_input_ends_with_a_hint_and_writes_nothing(capsys):
    assert typed("nowhere", "--out", "never.html") == 2
    assert "Hint: " in capsys.readouterr().err
    assert not Path("never.html").exists()


def test_other_verbs_can_be_shown_in_html_too(capsys):
    with pytest.raises(SystemExit):
        cli.main(["runs", "--chain", "--format", "html"])
    assert "<th scope=row>big</th>" in capsys.readouterr().out


def save_random(name: str, verb: str, size: str, **recipe: object) -> None:
    """A run of a tiny network with random weights."""
    vocabulary = Vocabulary((*LEADING_TOKENS, "it", "rains", "."))
    vocabulary.save(Path("vocab.txt"))
    changes = {"num_layers": 2, "hidden_dim": 32, "embedding_dim": 16, "intermediate_dim": 24, "num_heads": 2,
               "intra_dim": 16, "max_length": 8}  # fmt: skip
    small = SIZES[size].model_copy(update=changes)
    network = build_pretraining_network(small, vocab_size=vocabulary.size, seed=1)
    description = ModelDescription(verb=verb, size=small, vocabulary=describe_vocabulary(vocabulary))
    with RunDir.open(Path(name), verb, {"seed": 0, **recipe}, fresh=False, origin={}) as run:
        run.finish(
            lambda folder: save_network(
                folder, network, description, load_vocabulary(Path("vocab.txt"), True)
            )
        )


@pytest.mark.slow
def test_with_a_text_the_attention_of_a_model_and_its_teacher_is_drawn(capsys, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    save_random("teacher", "train-teacher", "ib_bert_large")
    save_random("student", "distill", "mobilebert", teacher="teacher", distill={"strategy": "joint"})
    assert typed("student", "--text", "It rains.", "--layer", "1", "--out", "report.html") == 0
    text = Path("report.html").read_text(encoding="utf-8")
    assert "Attention of student and of its teacher teacher" in text
    assert text.count("<image ") == 6  # the mean and two heads of one layer, of two models
    assert ">rains</text>" in text
    assert "Reading the text with teacher\nReading the text with student\n" in capsys.readouterr().err
