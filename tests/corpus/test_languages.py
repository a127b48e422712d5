"""Languages whose rules split sentences."""

import pytest

from mbert_cli.corpus.languages import LANGUAGES, describe_language, has_rules
from mbert_cli.errors import UserError

RULE = "store.language must be the code of a language, in small letters. Received: "


@pytest.mark.parametrize("language", [*LANGUAGES, "en-gb", "en-US", "gsw", "de-at", "pt-br"])
def test_a_language_with_rules_and_its_relatives_are_known(language):
    assert describe_language(language) == language


@pytest.mark.parametrize("language", ["sv", "zh", "tlh", "xx-yy"])
def test_a_language_without_rules_is_split_as_english_and_that_is_said(language):
    told = f"{language}, for which sentencex has no rules: sentences are split as in English"
    assert describe_language(language) == told


@pytest.mark.parametrize("language", ["xx", "sv", "", "DE", "de-AT", "german", "\0"])
def test_a_code_that_sentencex_would_take_for_english_is_not(language):
    assert not has_rules(language)


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("german", "Write --set store.language=de for German."),
        ("Portugese", "Write --set store.language=pt for Portuguese."),
        ("DE", "Write --set store.language=de for German."),
        ("de-AT", "Write --set store.language=de-at for German."),
        ("de_DE", "Write --set store.language=de for German."),
        ("GSW", "Write --set store.language=gsw."),
        ("klingonese", f"sentencex has rules for {', '.join(LANGUAGES)} and relatives of these."),
    ],
)
def test_what_was_meant_is_named(written, hint):
    with pytest.raises(UserError) as caught:
        describe_language(written)
    assert (caught.value.message, caught.value.hint) == (RULE + written, hint)
