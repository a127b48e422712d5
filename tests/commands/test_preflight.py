"""What must be true before work begins."""

import shlex
from pathlib import Path

import pytest

from mbert_cli.commands.preflight import require_corpus, require_same_vocabulary, require_task
from mbert_cli.corpus.options import FilesCorpus, InstalledDocsCorpus, TfdsCorpus
from mbert_cli.errors import UserError
from mbert_cli.examples.options import FileTask, GlueTask, TokenTask
from mbert_cli.model.options import SIZES
from mbert_cli.recipe.loading import load
from mbert_cli.text.matched_tokens import MatchedToken
from mbert_cli.text.vocabulary import LEADING_TOKENS, Vocabulary
from mbert_cli.weights.description import ModelDescription, VocabularyDescription
from mbert_cli.weights.saved_files import describe_vocabulary


@pytest.fixture(autouse=True)
def _work_in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TFDS_DATA_DIR", raising=False)


def refused(function, *arguments):
    with pytest.raises(UserError) as error:
        function(*arguments)
    return error.value.message, error.value.hint


def describe(vocabulary):
    mine = VocabularyDescription(
        size=vocabulary.size, lowercase=vocabulary.lowercase, digest=vocabulary.digest
    )
    return ModelDescription(verb="train-teacher", size=SIZES["ib_bert_laptop"], vocabulary=mine)


def test_equal_vocabularies_pass():
    vocabulary = Vocabulary((*LEADING_TOKENS, "a"))
    require_same_vocabulary(vocabulary, describe(vocabulary), Path("runs/teacher"))


@pytest.mark.parametrize(
    "other", [Vocabulary((*LEADING_TOKENS, "b")), Vocabulary((*LEADING_TOKENS, "a"), lowercase=False)]
)
def test_vocabularies_that_differ_are_refused(other):
    vocabulary = Vocabulary((*LEADING_TOKENS, "a"))
    lower = "lower-cased " if other.lowercase else ""
    assert refused(require_same_vocabulary, vocabulary, describe(other), Path("runs/teacher")) == (
        (
            "The token store must have the vocabulary of the model in runs/teacher. "
            f"Received: 105 lower-cased tokens ({vocabulary.digest[:8]}) in the token store, "
            f"105 {lower}tokens ({other.digest[:8]}) in the model"
        ),
        (
            "Prepare the corpus with the model's vocabulary: mbert prepare --set "
            "vocabulary.file=runs/teacher/final/vocab.txt "
            f"--set vocabulary.lowercase={str(other.lowercase).lower()}"
        ),
    )


def test_tokens_that_are_matched_otherwise_make_another_vocabulary():
    tokens = (*LEADING_TOKENS, "a")
    matching = Vocabulary(tokens, True, (MatchedToken(LEADING_TOKENS.index("[SEP]"), "[SEP]", is_word=True),))
    model = ModelDescription(
        verb="import", size=SIZES["ib_bert_laptop"], vocabulary=describe_vocabulary(matching)
    )
    require_same_vocabulary(matching, model, Path("runs/teacher"))
    message, _ = refused(require_same_vocabulary, Vocabulary(tokens), model, Path("runs/teacher"))
    assert message.endswith(
        f"105 lower-cased tokens, 1 of them matched before words are cut ({matching.digest[:8]}) in the model"
    )


def test_the_hint_about_a_vocabulary_can_be_pasted_whatever_its_path_is_called():
    mine, other = Vocabulary(LEADING_TOKENS), Vocabulary((*LEADING_TOKENS, "a"))
    run = Path("Ann's runs/my #1: old")
    _, hint = refused(require_same_vocabulary, other, describe(mine), run)
    settings = shlex.split(hint.partition("mbert prepare ")[2])[1::2]
    recipe = load("prepare", settings=settings).recipe
    assert recipe.vocabulary.file == str(run / "final" / "vocab.txt")


def test_the_bytes_of_the_files_are_counted():
    Path("a.txt").write_text("x" * 10)
    Path("b.txt.gz").write_bytes(b"x" * 10)
    assert require_corpus(FilesCorpus(source="files", globs=["*.txt", "**/*.gz"])) == 50


def test_a_pattern_without_a_file_is_refused():
    assert refused(require_corpus, FilesCorpus(source="files", globs=["books/*.txt"])) == (
        (
            "A pattern of corpus.globs must match a file. "
            f"Received: 'books/*.txt', which matches none in {Path.cwd()}"
        ),
        "set corpus.globs to the files to read, as in ['books/**/*.txt']; ** crosses folders",
    )


def test_a_package_that_is_not_installed_is_refused():
    corpus = InstalledDocsCorpus(source="installed_docs", packages=["pydantic", "no_such_package"])
    assert refused(require_corpus, corpus) == (
        "The packages of corpus.packages must be installed. Received: no_such_package",
        "Install them, or leave them out of corpus.packages.",
    )


def test_a_data_set_that_is_not_prepared_is_refused():
    corpus = TfdsCorpus(source="tfds", dataset="wikipedia/20230601.en", data_dir="sets")
    assert refused(require_corpus, corpus) == (
        "The data set wikipedia/20230601.en must be prepared. Received: no folder sets/wikipedia/20230601.en",
        "`tfds build wikipedia/20230601.en` prepares it; corpus.data_dir names another folder.",
    )
    Path("sets/wikipedia/20230601.en/1.0.0").mkdir(parents=True)
    assert require_corpus(corpus) is None


@pytest.mark.parametrize(("kind", "source"), [(FileTask, "file"), (TokenTask, "tokens")])
def test_a_task_file_that_is_missing_is_refused(kind, source):
    task = kind(source=source, train="train.tsv", validation="dev.tsv")
    assert refused(require_task, task)[0] == "task.train must be a file. Received: train.tsv"
    Path("train.tsv").touch()
    assert refused(require_task, task)[0] == "task.validation must be a file. Received: dev.tsv"
    Path("dev.tsv").touch()
    require_task(task)


def test_a_glue_folder_that_is_missing_is_refused():
    task = GlueTask(source="glue", name="sst2", folder="GLUE/SST-2")
    assert refused(require_task, task)[0] == (
        "task.folder must be a folder with the task's TSV files. Received: GLUE/SST-2"
    )
    Path("GLUE/SST-2").mkdir(parents=True)
    require_task(task)
