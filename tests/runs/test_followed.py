"""A run that another host writes."""

from pathlib import Path

from mbert_cli.runs.directory import RunDir
from mbert_cli.runs.followed import FollowedRun


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_a_followed_run_is_read_and_nothing_is_written(tmp_path):
    with RunDir.open(tmp_path, "finetune", {"seed": 0}, fresh=False, origin={}):
        before = files(tmp_path)
        try:
            with FollowedRun(tmp_path, "finetune", {"seed": 0}) as run:
                assert not run.is_complete
                run.record({})
                run.finish(lambda directory: (directory / "weights").write_text("x"))
                run.fail("no")
                raise ValueError
        except ValueError:
            pass
        assert files(tmp_path) == before
        assert not run.final.exists()


def test_it_is_complete_where_its_owner_found_it_so(tmp_path):
    assert FollowedRun(tmp_path, "finetune", {}, was_complete=True).is_complete
