"""What a person is told about a run that continues."""

from mbert_cli.runs.directory import RunDir
from mbert_cli.runs.identity import Continuation
from mbert_cli.sessions.continuing import say_what_moved, say_when_complete


def test_a_complete_run_is_said_to_be_complete_and_another_is_not(tmp_path, capsys):
    with RunDir.open(tmp_path / "run", "prepare", {}, fresh=False, origin={}) as run:
        assert not say_when_complete(run)
        run.finish(lambda folder: None)
        assert say_when_complete(run)
    assert capsys.readouterr().err == (
        f"{run.path} is complete already; --fresh moves it aside and begins anew\n"
    )


def test_inputs_that_lie_elsewhere_are_said(tmp_path, capsys):
    with RunDir.open(tmp_path / "run", "prepare", {}, fresh=False, origin={}) as run:
        say_what_moved(run)
        run.continuation = Continuation(moved={"corpus.globs": ("old", "new")})
        say_what_moved(run)
    assert capsys.readouterr().err == "corpus.globs: new in place of old, with the same content\n"


def test_it_is_said_where_the_run_of_before_went(tmp_path, capsys):
    path = tmp_path / "run"
    RunDir.open(path, "prepare", {}, fresh=False, origin={}).close()
    with RunDir.open(path, "prepare", {}, fresh=True, origin={}) as run:
        say_what_moved(run)
    assert capsys.readouterr().err == f"{path}.old-1: the run that was in {path} before\n"
