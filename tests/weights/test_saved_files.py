"""The vocabulary beside the weights: what is copied with it, and what is refused without it."""

from pathlib import Path

import pytest

from mbert_cli.errors import UserError
from mbert_cli.model.options import SIZES
from mbert_cli.text.matched_tokens import MATCHED_TOKENS_FILE, MatchedToken
from mbert_cli.text.vocabulary import RESERVED, Vocabulary
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.saved_files import describe_vocabulary, load_run_vocabulary

MATCHING = Vocabulary((*RESERVED, "a", "covid-19"), True, (MatchedToken(6, "covid-19"),))
PLAIN = Vocabulary((*RESERVED, "a", "covid-19"))


def describe(vocabulary: Vocabulary) -> ModelDescription:
    known = describe_vocabulary(vocabulary)
    return ModelDescription(verb="import", size=SIZES["mobilebert_tiny"], vocabulary=known)


def save(folder: Path, vocabulary: Vocabulary) -> Path:
    folder.mkdir()
    vocabulary.save(folder / "vocab.txt")
    return folder


def refusal(folder: Path, vocabulary: Vocabulary) -> tuple[str, str]:
    with pytest.raises(UserError) as caught:
        load_run_vocabulary(folder, describe(vocabulary))
    return caught.value.message.replace(str(folder), "final"), caught.value.hint


@pytest.mark.parametrize(
    ("vocabulary", "names"), [(MATCHING, [MATCHED_TOKENS_FILE, "vocab.txt"]), (PLAIN, ["vocab.txt"])]
)
def test_a_vocabulary_is_saved_and_read_with_what_lies_beside_it(tmp_path, vocabulary, names):
    final = save(tmp_path / "final", vocabulary)
    assert sorted(path.name for path in final.iterdir()) == names
    assert load_run_vocabulary(final, describe(vocabulary)) == vocabulary


def test_a_vocabulary_without_the_file_beside_it_is_refused(tmp_path):
    final = save(tmp_path / "final", MATCHING)
    (final / MATCHED_TOKENS_FILE).unlink()
    assert refusal(final, MATCHING) == (
        (
            "A model is read with matched_tokens.json beside vocab.txt where its vocabulary has tokens that are matched "
            "before words are cut. Received: final without it"
        ),
        "Restore the file from the run that the model comes from.",
    )


@pytest.mark.parametrize(("there", "trained"), [(MATCHING, PLAIN), (Vocabulary((*RESERVED, "b")), MATCHING)])
def test_another_vocabulary_or_another_way_to_match_is_refused(tmp_path, there, trained):
    final = save(tmp_path / "final", there)
    if not there.matched:
        (final / MATCHED_TOKENS_FILE).write_text('{"format": 1, "matched": []}')
    assert refusal(final, trained) == (
        (
            "A model is read with the 7 tokens it was trained with. Received: final/vocab.txt with "
            f"{there.size} tokens, which are others or matched otherwise"
        ),
        "Restore the files from the run that the model comes from.",
    )
