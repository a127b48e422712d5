"""Where caches go, with a home directory and without one."""

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from mbert_cli import home
from mbert_cli.cli import main
from mbert_cli.home import cache_root, hint_of_home, home_folder, lend_cache, lend_home, nearest_folder
from mbert_cli.text.encoding_cache import cache_folder


@pytest.fixture(autouse=True)
def _nothing_lent(monkeypatch):
    monkeypatch.setattr(home, "_lent", None)
    for name in ("XDG_CACHE_HOME", "KERAS_HOME", "TFDS_DATA_DIR", "KERAS_BACKEND"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def no_home(monkeypatch):
    """A user id without an entry among the users, and no HOME, as in a container."""

    def unknown(uid):
        raise KeyError(uid)

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)


def test_a_path_in_the_home_directory_is_written_out_where_something_is_there(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.csv").touch()
    said = f"Write {tmp_path}/{{}}: ~ is the home directory to a shell alone, and not behind =."
    assert hint_of_home("~/a.csv") == hint_of_home(Path("~/a.csv")) == said.format("a.csv")
    assert hint_of_home("~/**/*.csv", is_pattern=True) == said.format("**/*.csv")
    for path in ("~/b.csv", "~/*.csv", str(tmp_path / "a.csv"), "a~/a.csv", "", "~nobody-of-this-name/a.csv"):
        assert hint_of_home(path) == ""


def test_caches_lie_in_the_home_directory_unless_a_variable_says_where(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert (home_folder(), cache_root()) == (tmp_path, tmp_path / ".cache")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_root() == tmp_path / ".cache"
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert cache_root() == Path("/caches")


def test_caches_of_earlier_versions_are_found_again(monkeypatch, tmp_path):
    """They lay in .cache of the home directory, and on Linux do so still."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "mbert" / "encodings"
    assert list(tmp_path.iterdir()) == []


def test_without_a_home_directory_there_is_no_place_for_caches(no_home):
    assert (home_folder(), cache_root()) == (None, None)


@pytest.mark.parametrize("folder", ["", "missing"])
def test_the_name_of_a_home_directory_is_not_one(monkeypatch, tmp_path, folder):
    monkeypatch.setenv("HOME", folder and str(tmp_path / folder))
    assert cache_root() is None
    assert list(tmp_path.iterdir()) == []


def test_libraries_get_a_home_directory_that_we_do_not_use_ourselves(no_home):
    lend_home()
    assert Path.home().is_dir()
    assert cache_root() is None
    Path.home().rmdir()


def test_a_home_directory_that_is_there_stays(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    lend_home()
    assert Path.home() == tmp_path


def test_a_library_gets_a_folder_where_it_could_not_write(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MPLCONFIGDIR", "")
    lend_cache("MPLCONFIGDIR", "matplotlib")
    assert not os.environ["MPLCONFIGDIR"]
    monkeypatch.setattr(home.os, "access", lambda path, mode: False)
    lend_cache("MPLCONFIGDIR", "matplotlib")
    lent = Path(os.environ["MPLCONFIGDIR"])
    assert lent.is_dir()
    lent.rmdir()


def test_the_nearest_folder_that_is_there(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    assert nearest_folder(tmp_path / "runs" / "new") == nearest_folder(tmp_path / "file") == tmp_path
    monkeypatch.chdir(tmp_path)
    assert nearest_folder(Path("runs/new")) == tmp_path


@pytest.mark.parametrize("words", [["--version"], ["recipe", "check", "finetune", "sst2"]])
def test_no_command_needs_a_home_directory_to_say_what_is_missing(
    no_home, monkeypatch, tmp_path, capsys, words
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ending:
        main(words)
    captured = capsys.readouterr()
    if words == ["--version"]:
        assert (ending.value.code or 0, "(backend tensorflow)" in captured.out) == (0, True)
    else:
        assert ending.value.code == 2
        assert "Received: no home directory for ~/tensorflow_datasets/glue/sst2" in captured.out
        assert "Traceback" not in captured.err


def test_a_folder_of_an_unknown_user_is_a_folder_that_is_not_there(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        main(["recipe", "check", "finetune", "sst2", "--set", "task.data_dir=~nobody-has-this-name/data"])
    assert "no folder ~nobody-has-this-name/data/glue/sst2" in capsys.readouterr().out


def test_the_lent_directory_is_gone_when_the_process_ends(tmp_path):
    code = "from mbert_cli.home import lend_home; import os; lend_home(); print(os.environ['HOME'])"
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(sys.path),
        "HOME": "/no/such/folder",
    }
    answer = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() not in ("", "/no/such/folder")
    assert not Path(answer.stdout.strip()).exists()


@pytest.mark.parametrize("folder", [None, "/no/such/folder"])
def test_completion_is_not_installed_where_there_is_no_home_directory(no_home, monkeypatch, capsys, folder):
    if folder:
        monkeypatch.setenv("HOME", folder)
    with pytest.raises(SystemExit) as ending:
        main(["--install-completion"])
    assert ending.value.code == 2
    assert capsys.readouterr().err == (
        f"Error: Completion is installed in a home directory. Received: HOME={folder or ''}\n"
        "Hint: Set HOME to a folder, or let `mbert --show-completion` print it.\n"
    )
    assert not Path("/no").exists()
