"""What every machine of a cluster must have: compared with what is found there."""

import pickle
from pathlib import Path

import pytest

from mbert_cli.cluster.checking import (
    compared_packages,
    make_look,
    refuse_other_files,
    refuse_other_packages,
)
from mbert_cli.errors import UserError


@pytest.fixture
def files(tmp_path):
    (tmp_path / "probe").write_bytes(b"seen")
    (tmp_path / "corpus.txt").write_text("Text. " * 50_000)
    return [str(tmp_path / "probe"), str(tmp_path / "corpus.txt"), str(tmp_path)]


def found(files):
    return make_look()(("mbert", "numpy", "no-such-package"), files, str(Path(files[-1])))


def test_a_machine_that_sees_the_same_is_as_good_as_this_one(files):
    refuse_other_packages("node2", found(files), found(files))
    refuse_other_files("node2", found(files), found(files))
    assert found(files)["packages"]["no-such-package"] is None


def test_another_version_is_told_with_the_machine_that_has_it(files):
    own, theirs = found(files), found(files)
    own["packages"]["mbert"] = "1.2"
    theirs["packages"]["mbert"] = None
    with pytest.raises(UserError) as caught:
        refuse_other_packages("node2", own, theirs)
    assert caught.value.message == (
        "All machines of a cluster must have the same packages. "
        "Received: mbert not installed on node2, 1.2 here"
    )


def test_packages_that_decide_what_is_computed_are_compared_and_those_of_extras_are_not():
    names = compared_packages()
    assert {"mbert", "keras", "tensorflow", "numpy", "sentencex", "jax"} <= set(names)
    assert not {"pytest", "matplotlib"} & set(names)


def test_what_is_not_installed_here_may_be_there(files):
    own, theirs = found(files), found(files)
    theirs["packages"]["no-such-package"] = "1.0"
    refuse_other_packages("node2", own, theirs)


def test_a_file_that_is_not_there_or_another_one_is_named(files):
    own = found(files)
    for change, words in (
        (lambda path: path.write_text("Text. " * 49_999 + "Other."), "which holds something else there"),
        (Path.unlink, "which is not there"),
    ):
        change(Path(files[1]))
        with pytest.raises(UserError) as caught:
            refuse_other_files("node2", own, found(files))
        assert caught.value.message == (
            "All machines of a cluster must see the same files under the same paths. "
            f"Received: {files[1]} on node2, {words}"
        )


def test_a_folder_that_holds_other_files_is_named_and_not_what_was_put_there_to_find_out(files):
    own = found(files)
    Path(files[0]).unlink()
    with pytest.raises(UserError) as caught:
        refuse_other_files("node2", own, found(files))
    assert f"Received: {files[-1]} on node2, which is not the same there" in caught.value.message


def test_a_machine_that_may_not_write_is_refused(files):
    own, theirs = found(files), found(files) | {"writable": False, "user": "ray"}
    with pytest.raises(UserError) as caught:
        refuse_other_files("node2", own, theirs)
    assert f"Received: {files[-1]} on node2, as the user ray" in caught.value.message


def test_the_look_reaches_machines_without_mbert():
    with pytest.raises((AttributeError, pickle.PicklingError), match="local"):
        pickle.dumps(make_look())  # no name leads to it, so that Ray sends its code
