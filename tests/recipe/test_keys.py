"""The keys of recipes, read from the schema."""

from typing import Annotated, Literal

import pytest
from pydantic import Field

from mbert_cli.recipe.keys import NO_DEFAULT, accepted, keys_of
from mbert_cli.recipe.schema import RECIPES
from mbert_cli.section import Section


class Example(Section):
    """A section with a key of every kind."""

    positive: Annotated[int, Field(gt=0)]
    bounded: Annotated[int, Field(ge=8, le=512)]
    share: Annotated[float, Field(ge=0, lt=1)]
    open: Annotated[float, Field(gt=0, lt=1)]
    number: float
    optional: Annotated[float, Field(gt=0)] | None
    flag: bool
    word: Literal["a", "b", "c"]
    flag_or_word: bool | Literal["auto"]
    word_or_list: Literal["a", "b"] | list[Literal["a", "b"]]
    texts: Annotated[list[str], Field(min_length=1)]
    numbers: list[Annotated[int, Field(ge=0)]] | None
    choice: Annotated[str, Field(json_schema_extra={"choices": ["x", "y"]})]


@pytest.mark.parametrize(
    ("name", "words"),
    {
        "positive": "a whole number of 1 or more",
        "bounded": "a whole number from 8 to 512",
        "share": "a number of at least 0 and below 1",
        "open": "a number above 0 and below 1",
        "number": "a number",
        "optional": "a number above 0, or null",
        "flag": "true or false",
        "word": "a, b or c",
        "flag_or_word": "true, false or auto",
        "word_or_list": "a or b, or a list of these",
        "texts": "a list of texts, at least 1 of them",
        "numbers": "a list of whole numbers of 0 or more, or null",
        "choice": "one of x, y",
    }.items(),
)
def test_what_a_key_takes_is_said_in_words(name, words):
    assert accepted(Example.model_fields[name]) == words


def find(verb, path):
    return [key for key in keys_of(verb) if key.path == path]


def test_every_verb_has_keys_with_help():
    for verb in RECIPES:
        assert keys_of(verb)
        for key in keys_of(verb):
            assert key.help, f"{verb}: {key.path} has no help text"


def test_a_default_is_that_of_the_verb_and_not_that_of_the_section():
    assert find("train-teacher", "model.size")[0].default == "ib_bert_large"
    assert find("distill", "model.size")[0].default == "mobilebert"


def test_a_key_of_one_variant_names_it():
    (globs,) = find("prepare", "corpus.globs")
    assert (globs.variant, globs.default) == ("corpus.source: files", NO_DEFAULT)


def test_a_discriminator_stands_once_for_each_variant():
    sources = find("finetune", "task.source")
    assert [key.accepts for key in sources] == ["installed_docs", "glue", "file", "squad", "tokens"]
    assert all(key.is_discriminator for key in sources)


def test_an_optional_section_with_variants_has_their_keys():
    (task,) = find("eval", "task")
    assert (
        task.accepts
        == "a section with source: installed_docs, glue, file, squad, tokens or imported, or null"
    )
    assert task.default is None
    assert find("eval", "task.folder")[0].variant == "task.source: glue"


def test_a_key_of_a_verb_with_several_forms_stands_once_for_each_that_has_it():
    assert [key.variant for key in find("distill", "distill.steps")] == [
        "distill.strategy: general", "distill.strategy: distilbert",
    ]  # fmt: skip
    assert [key.variant for key in find("distill", "cache.dtype")] == ["distill.strategy: task"]
    assert [key.variant for key in find("distill", "task.folder")] == ["task.source: glue"]
    assert len(find("distill", "seed")) == 6


def test_keys_of_several_forms_stand_behind_their_section_and_beside_each_other():
    paths = [key.path for key in keys_of("distill")]
    order = list(dict.fromkeys(paths))
    assert [path for path in order if "." not in path] == [
        "seed", "teacher", "data", "model", "distill", "train", "hosts", "plan", "source", "task", "dropout_rate", "loss",
        "cache",
    ]  # fmt: skip
    sections = [path.partition(".")[0] for path in order]
    assert len(list(dict.fromkeys(sections))) == sum(
        a != b for a, b in zip(["", *sections], sections, strict=False)
    )
    for path in order:
        first = paths.index(path)
        assert set(paths[first : first + paths.count(path)]) == {path}


def test_only_one_form_is_the_default():
    defaults = {key.variant: key.default for key in find("distill", "distill.strategy")}
    assert [variant for variant, default in defaults.items() if default is not NO_DEFAULT] == [
        "distill.strategy: progressive"
    ]
    (section,) = {key.accepts for key in find("distill", "distill")}
    assert section == "a section with strategy: progressive, joint, auxiliary, general, task or distilbert"
