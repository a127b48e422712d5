"""Which words of a text may be replaced, and what a word in their place looks like."""

import pytest

from mbert_cli.augment.words import as_written, content_words, is_candidate, read_stop_words
from mbert_cli.errors import UserError

STOP = frozenset({"the", "is", "not", "can"})


def words(text: str, stop_words: frozenset[str] = STOP) -> list[str]:
    return [text[first:end] for first, end in content_words(text, stop_words)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The movie is not great.", ["movie", "great"]),
        ("  Offbeat,   FUNNY\tfilm  ", ["Offbeat", "FUNNY", "film"]),
        ("state-of-art in 1990s covid19 snake_case", ["state", "of", "art", "in"]),
        ("don't can't movie's o'clock 'quoted'", ["movie", "quoted"]),
        ("does n't they 're ’s", ["does", "they", "re"]),
        ("x y naïve Ärger", ["naïve", "Ärger"]),
        ("cafe\u0301 bar हिन्दी", ["bar"]),
        ("", []),
    ],
)
def test_words_of_letters_alone_may_be_replaced_unless_they_are_stop_words(text, found):
    assert words(text) == found


def test_the_english_list_has_negations_and_what_is_left_of_contractions():
    assert words("They 're not we 've seen nothing good", read_stop_words(None)) == ["seen", "good"]


@pytest.mark.parametrize(
    ("candidate", "original", "written"),
    [
        ("film", "movie", "film"),
        ("film", "Movie", "Film"),
        ("film", "MOVIE", "FILM"),
        ("film", "iPad", "film"),
        ("Paris", "london", "Paris"),
        ("mcDonald", "Smith", "McDonald"),
    ],
)
def test_a_candidate_is_written_as_the_original_is(candidate, original, written):
    assert as_written(candidate, original) == written


def test_candidates_are_words_of_letters():
    words = ["film", "##ing", ".", "a", "1990", "[MASK]", "[unused3]", "it's", "schön"]
    assert [word for word in words if is_candidate(word)] == ["film", "schön"]


def test_stop_words_of_a_file_are_taken_whatever_their_case(tmp_path):
    file = tmp_path / "stop.txt"
    file.write_text("Der\n\n die \n")
    assert read_stop_words(str(file)) == {"der", "die"}


def test_a_file_of_stop_words_in_the_home_directory_is_written_out(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "stop.txt").write_text("der\n")
    with pytest.raises(UserError) as caught:
        read_stop_words("~/stop.txt")
    assert caught.value.hint.startswith(f"Write {tmp_path}/stop.txt: ")


@pytest.mark.parametrize(("text", "rule"), [(None, "must be a file"), ("\n \n", "must hold a word")])
def test_a_file_of_stop_words_must_hold_words(tmp_path, text, rule):
    file = tmp_path / "stop.txt"
    if text is not None:
        file.write_text(text)
    with pytest.raises(UserError, match=rule):
        read_stop_words(str(file))
