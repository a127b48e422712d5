"""Data sets of tensorflow-datasets that are not there."""

import pytest

from mbert_cli.errors import UserError
from mbert_cli.text.tfds import find_builder, open_split


@pytest.mark.parametrize(
    ("name", "unknown"),
    [("no_such_texts", "data set"), ("glue/no_such_task", "configuration or version")],
)
def test_an_unknown_data_set_is_refused_with_the_section_of_the_recipe(tmp_path, name, unknown):
    with pytest.raises(UserError) as caught:
        find_builder(name, str(tmp_path), "task.")
    assert caught.value.message == (
        f"A data set must be known to tensorflow-datasets. Received: '{name}', an unknown {unknown}"
    )
    assert caught.value.hint == (
        "Look the name up in the catalog of tensorflow-datasets, or set task.data_dir to the folder where it was "
        "prepared."
    )


def test_a_data_set_that_is_not_prepared_is_refused_with_the_command_that_prepares_it(tmp_path):
    folder = str(tmp_path / "my data")
    builder = find_builder("glue/rte", folder, "task.")
    with pytest.raises(UserError) as caught:
        open_split(builder, "train", folder, "task.")
    name, _, version = builder.info.full_name.rpartition("/")
    assert caught.value.message == (
        f"A data set must be prepared before it is read. Received: {name}, not found in {folder}/{name}/{version}"
    )
    assert caught.value.hint == (
        f"""`python -c 'import tensorflow_datasets as tfds; tfds.load("{name}", data_dir="{folder}")'` """
        "prepares it where there is a network; task.data_dir names another folder of prepared data sets."
    )
