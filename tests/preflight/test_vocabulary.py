"""Whether a token store has the vocabulary of a model."""

import shlex
from pathlib import Path

import pytest

from mbert_cli.errors import UserError
from mbert_cli.model.options import SIZES
from mbert_cli.preflight.vocabulary import require_same_vocabulary
from mbert_cli.recipe.loading import load
from mbert_cli.text.matched_tokens import MatchedToken
from mbert_cli.text.vocabulary import LEADING_TOKENS, Vocabulary
from mbert_cli.weights.description import ModelDescription, VocabularyDescription
from mbert_cli.weights.saved_files import describe_vocabulary

pytestmark = pytest.mark.usefixtures("empty_folder")


def require(vocabulary, model, run):
    require_same_vocabulary(vocabulary, model, run, "runs/books/recipe.yaml", Path("runs/books"))


def refused(*arguments):
    with pytest.raises(UserError) as error:
        require(*arguments)
    return error.value.message, error.value.hint


def describe(vocabulary):
    mine = VocabularyDescription(
        size=vocabulary.size, lowercase=vocabulary.lowercase, digest=vocabulary.digest
    )
    return ModelDescription(verb="train-teacher", size=SIZES["ib_bert_laptop"], vocabulary=mine)


def test_equal_vocabularies_pass():
    vocabulary = Vocabulary((*LEADING_TOKENS, "a"))
    require(vocabulary, describe(vocabulary), Path("runs/teacher"))


@pytest.mark.parametrize(
    "other", [Vocabulary((*LEADING_TOKENS, "b")), Vocabulary((*LEADING_TOKENS, "a"), lowercase=False)]
)
def test_vocabularies_that_differ_are_refused(other):
    vocabulary = Vocabulary((*LEADING_TOKENS, "a"))
    lower = "lower-cased " if other.lowercase else ""
    assert refused(vocabulary, describe(other), Path("runs/teacher")) == (
        (
            "The token store must have the vocabulary of the model in runs/teacher. "
            f"Received: 105 lower-cased tokens ({vocabulary.digest[:8]}) in the token store, "
            f"105 {lower}tokens ({other.digest[:8]}) in the model"
        ),
        (
            "Prepare the corpus with the model's vocabulary, and name that run later with "
            "--set data.run=runs/books-teacher: mbert prepare runs/books/recipe.yaml "
            "--run runs/books-teacher --set vocabulary.file=runs/teacher/final/vocab.txt "
            f"--set vocabulary.lowercase={str(other.lowercase).lower()}"
        ),
    )


def test_tokens_that_are_matched_otherwise_make_another_vocabulary():
    tokens = (*LEADING_TOKENS, "a")
    matching = Vocabulary(tokens, True, (MatchedToken(LEADING_TOKENS.index("[SEP]"), "[SEP]", is_word=True),))
    model = ModelDescription(
        verb="import", size=SIZES["ib_bert_laptop"], vocabulary=describe_vocabulary(matching)
    )
    require(matching, model, Path("runs/teacher"))
    message, _ = refused(Vocabulary(tokens), model, Path("runs/teacher"))
    assert message.endswith(
        f"105 lower-cased tokens, 1 of them matched before words are cut ({matching.digest[:8]}) in the model"
    )


def test_the_hint_about_a_vocabulary_can_be_pasted_whatever_its_path_is_called():
    mine, other = Vocabulary(LEADING_TOKENS), Vocabulary((*LEADING_TOKENS, "a"))
    run = Path("Ann's runs/my #1: old")
    _, hint = refused(other, describe(mine), run)
    name, _, command = hint.partition(": mbert prepare ")
    _, *flags = shlex.split(command)
    settings = flags[3::2]
    assert flags[:2] == ["--run", "runs/books-my #1: old"]
    assert (
        load("distill", settings=shlex.split(name.partition("--set ")[2])).recipe.data.run
        == "runs/books-my #1: old"
    )
    recipe = load("prepare", settings=settings).recipe
    assert recipe.vocabulary.file == str(run / "final" / "vocab.txt")


def test_the_run_of_the_hint_is_not_there_yet():
    for name in ("books-teacher", "books-teacher-2"):
        Path("runs", name).mkdir(parents=True)
    mine, other = Vocabulary(LEADING_TOKENS), Vocabulary((*LEADING_TOKENS, "a"))
    _, hint = refused(other, describe(mine), Path("runs/teacher"))
    assert "--run runs/books-teacher-3 " in hint
