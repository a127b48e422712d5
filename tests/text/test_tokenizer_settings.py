"""Settings of other projects' tokenizers: which are BERT's, and whether text is lower-cased."""

from pathlib import Path
from typing import Any

import pytest

from mbert_cli.errors import UserError
from mbert_cli.text.added_tokens import TokenizerFiles
from mbert_cli.text.tokenizer_settings import check_marks, check_settings, find_lowercase

PUBLISHED = "Put the tokenizer's files that were published with the weights into the folder."
CANNOT = "mbert cuts words as BERT does, and such a model would be fed other tokens than it was trained on."


def files(
    tokenizer: dict[str, Any] | None = None, tokenizer_config: dict[str, Any] | None = None
) -> TokenizerFiles:
    return TokenizerFiles(Path("theirs"), tokenizer_config or {}, tokenizer or {}, {}, {})


def fast(**changes: Any) -> dict:
    """What tokenizer.json holds beside its tokens; `part__key` changes a setting of a part."""
    content = {
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                       "strip_accents": None, "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100},
    }  # fmt: skip
    for name, value in changes.items():
        part, _, key = name.partition("__")
        if key:
            content[part][key] = value
        else:
            content[part] = value
    return content


def refusal(check, *inputs) -> tuple[str, str]:
    with pytest.raises(UserError) as caught:
        check(*inputs)
    return caught.value.message, caught.value.hint


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ({"tokenizer": {"model": {"type": "Unigram", "vocab": [["a", 0.5]]}}},
         "model type must be WordPiece. Received: Unigram in theirs/tokenizer.json"),
        ({"tokenizer": {"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}}},
         "model type must be WordPiece. Received: BPE in theirs/tokenizer.json"),
        ({"tokenizer": fast(model__unk_token="<unk>")},
         "model unk_token must be [UNK]. Received: <unk> in theirs/tokenizer.json"),
        ({"tokenizer": fast(model__max_input_chars_per_word=200)},
         "model max_input_chars_per_word must be 100. Received: 200 in theirs/tokenizer.json"),
        ({"tokenizer": fast(normalizer={"type": "Sequence", "normalizers": [{"type": "NFD"}]})},
         "normalizer type must be BertNormalizer. Received: Sequence in theirs/tokenizer.json"),
        ({"tokenizer": fast(normalizer=None)},
         "normalizer type must be BertNormalizer. Received: null in theirs/tokenizer.json"),
        ({"tokenizer": fast(normalizer__handle_chinese_chars=False)},
         "normalizer handle_chinese_chars must be true. Received: false in theirs/tokenizer.json"),
        ({"tokenizer": fast(pre_tokenizer={"type": "Whitespace"})},
         "pre_tokenizer type must be BertPreTokenizer. Received: Whitespace in theirs/tokenizer.json"),
        ({"tokenizer_config": {"tokenize_chinese_chars": False}},
         "tokenize_chinese_chars must be true. Received: false in theirs/tokenizer_config.json"),
        ({"tokenizer_config": {"do_basic_tokenize": False}},
         "do_basic_tokenize must be true. Received: false in theirs/tokenizer_config.json"),
        ({"tokenizer_config": {"tokenizer_class": "BertJapaneseTokenizer"}},
         ("tokenizer_class must be one of BERT's. "
         "Received: BertJapaneseTokenizer in theirs/tokenizer_config.json")),
    ],
)  # fmt: skip
def test_a_tokenizer_that_cuts_otherwise_is_refused_by_its_setting(found, message):
    assert refusal(check_settings, files(**found)) == (f"A tokenizer's {message}", CANNOT)


@pytest.mark.parametrize(
    ("tokenizer", "configuration"),
    [
        (None, None),
        (fast(), {"tokenizer_class": "DistilBertTokenizerFast", "tokenize_chinese_chars": True}),
        (fast(), {"tokenizer_class": None, "do_basic_tokenize": None, "other": 7}),
        (fast(model__unk_token=None, normalizer__clean_text=None), None),
    ],
)
def test_the_settings_of_bert_are_taken_and_null_stands_for_them(tokenizer, configuration):
    check_settings(files(tokenizer, configuration))


def test_two_files_that_disagree_on_lower_casing_are_refused():
    assert refusal(find_lowercase, files(fast(), {"do_lower_case": False}), ()) == (
        (
            "tokenizer_config.json and tokenizer.json must agree on lower-casing. Received: do_lower_case false in "
            "theirs/tokenizer_config.json and lowercase true in theirs/tokenizer.json"
        ),
        "Correct the file that the weights were not trained with.",
    )


def test_lower_casing_must_be_true_or_false():
    assert refusal(find_lowercase, files(None, {"do_lower_case": "false"}), ()) == (
        (
            'A tokenizer\'s do_lower_case must be true or false. Received: "false" in '
            "theirs/tokenizer_config.json"
        ),
        PUBLISHED,
    )


@pytest.mark.parametrize(
    ("tokenizer", "configuration", "words", "lowercase"),
    [
        (None, {"do_lower_case": False}, ("film",), False),
        (fast(normalizer__lowercase=False), None, ("film",), False),
        (fast(), {"do_lower_case": True, "strip_accents": True}, ("Film",), True),
        (None, None, ("film", "[UNK]", "[X1]"), True),
        (None, None, ("film", "Film"), False),
    ],
)
def test_lower_casing_is_what_the_files_say_and_else_what_the_words_show(
    tokenizer, configuration, words, lowercase
):
    assert find_lowercase(files(tokenizer, configuration), words) is lowercase


def test_accents_are_stripped_with_lower_casing_and_only_then():
    assert refusal(find_lowercase, files(None, {"do_lower_case": True, "strip_accents": False}), ()) == (
        (
            "A tokenizer must strip accents where it lower-cases, and only there. Received: lower-casing true, "
            "strip_accents false in theirs"
        ),
        "Other tokenizers cut words where mbert does not.",
    )


def template(*pair: dict) -> dict:
    single = [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
    marks = {
        mark: {"id": mark, "ids": [index], "tokens": [mark]} for index, mark in enumerate(("[CLS]", "[SEP]"))
    }
    return fast(
        post_processor={
            "type": "TemplateProcessing",
            "single": single,
            "pair": list(pair),
            "special_tokens": marks,
        }
    )


CLS, SEP, SECOND_SEP = ({"SpecialToken": {"id": mark, "type_id": segment}}
                        for mark, segment in (("[CLS]", 0), ("[SEP]", 0), ("[SEP]", 1)))  # fmt: skip
FIRST, SECOND = ({"Sequence": {"id": name, "type_id": segment}} for name, segment in (("A", 0), ("B", 1)))
GENERIC = {"tokenizer_class": "PreTrainedTokenizerFast"}


def test_marks_of_bert_are_taken_and_others_refused():
    check_marks(files(template(CLS, FIRST, SEP, SECOND, SECOND_SEP), GENERIC))
    assert refusal(check_marks, files(template(CLS, FIRST, SEP, SECOND, SEP), GENERIC)) == (
        (
            "A tokenizer's post_processor must put [CLS] before two texts and [SEP] behind each, as segments 0, 0 and 1. "
            "Received: [CLS] (0) [SEP] (0) [SEP] (0) in theirs/tokenizer.json"
        ),
        CANNOT,
    )
    # Where a class of BERT is named, it puts the marks there.
    check_marks(files(template(FIRST, SECOND), {"tokenizer_class": "BertTokenizer"}))


def test_a_post_processor_that_cannot_be_read_is_refused():
    message, hint = refusal(check_marks, files(fast(post_processor={"type": "Other"}), GENERIC))
    assert message.startswith(
        "A tokenizer's post_processor must be readable. Received: theirs/tokenizer.json ("
    )
    assert hint == PUBLISHED
