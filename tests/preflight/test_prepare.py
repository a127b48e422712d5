"""What `mbert prepare` needs."""

from pathlib import Path

from mbert_cli.preflight.resolving import resolve
from mbert_cli.recipe.invocation import invoke


def test_a_vocabulary_file_that_cannot_serve_is_told(checks):
    Path("vocab.txt").write_text("[PAD]\na\n")
    assert checks("prepare", "quickstart", "vocabulary.file=vocab.txt")["vocabulary"] == (
        False,
        (
            "A vocabulary must have the tokens [PAD], [UNK], [CLS], [SEP], [MASK]. "
            "Received: vocab.txt without [UNK], [CLS], [SEP], [MASK]"
        ),
    )


def test_a_vocabulary_that_was_read_is_handed_on(make_run):
    file = make_run("train-teacher") / "final/vocab.txt"
    ready = resolve(invoke("prepare", "quickstart", [f"vocabulary.file={file}"], {}))
    assert ready.vocabulary.size == 8000
    assert (ready.path, ready.contents) == (Path("runs/prepare-quickstart"), None)
    assert resolve(invoke("prepare", "quickstart", [], {})).vocabulary is None


def test_patterns_of_which_one_matches_nothing_are_told(capsys):
    Path("a.txt").write_text("One. Two.\n")
    settings = ["corpus.source=files", "corpus.globs=[a.txt, b.txt]"]
    assert resolve(invoke("prepare", "quickstart", settings, {})).text_bytes == 10
    assert capsys.readouterr().err.startswith("corpus.globs: ")


def test_a_language_without_rules_is_told(checks):
    passed, text = checks("prepare", "quickstart", "store.language=german")["language"]
    assert not passed
    assert text.endswith("Received: german")
