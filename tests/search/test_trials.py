"""What a search trains, gives up and continues with."""

from pathlib import Path

import pytest

from mbert_cli.cluster import sharing
from mbert_cli.cluster.crew import Ended
from mbert_cli.cluster.options import ClusterOptions
from mbert_cli.errors import Diverged, Interrupted, RunError, UserError
from mbert_cli.runs.listing import describe_run
from mbert_cli.search.grid import Setting

BEHIND = [0.70, 0.74]
"""Scores of rate 0.1 that are level with those of 0.3 until the end, where they are 0.06 behind."""


def trial(rate, seed=0):
    return Setting(rate, 32, 2).trial(seed)


def states(report):
    return {
        (result.setting.learning_rate, trial.seed): trial.state
        for result in report.results
        for trial in result.trials
    }


def files_of(folder):
    """Bytes of every result and of the report, without the moments at which they were written."""
    found = [*folder.rglob("final/*"), folder / "search.json"]
    return {path.relative_to(folder): path.read_bytes() for path in found if path.name != "manifest.json"}


def raise_at(error, *place):
    def act(*now):
        if now == place:
            raise error

    return act


def test_what_is_clearly_behind_is_given_up_and_second_seeds_never_are(table_search):
    search = table_search()
    report = search.run()
    # 0.2 would have been the best; after one of its epochs it is 0.1 behind 0.3.
    assert search.epochs == [
        (0.3, 0, 0), (0.3, 0, 1), (0.3, 1, 0), (0.3, 1, 1), (0.2, 0, 0),
        (0.1, 0, 0), (0.1, 0, 1), (0.1, 1, 0), (0.1, 1, 1),
    ]  # fmt: skip
    assert (states(report)[0.2, 0], states(report)[0.2, 1]) == ("pruned", "skipped")
    given_up = describe_run(search.path / "trials" / trial(0.2))
    assert (given_up.state, given_up.steps) == ("pruned", 10)
    assert report.chosen.setting.learning_rate == 0.1
    assert report.chosen.mean == pytest.approx(0.80)
    assert report.chosen.deviation == pytest.approx(0.02 * 2**0.5)


def test_each_trial_is_announced_and_its_ending_told(table_search):
    search = table_search()
    search.run(rates=(0.3, 0.2), seeds=(0,))
    assert search.said == [
        f"Trial 1 of 2: {trial(0.3)}",
        "Trial 1 of 2: complete, accuracy 80.00% after 20 steps",
        f"Trial 2 of 2: {trial(0.2)}",
        "Trial 2 of 2: pruned, accuracy 60.00% after 10 steps",
    ]


def test_a_trial_that_is_done_keeps_neither_checkpoints_nor_its_lock(table_search):
    search = table_search()
    search.run()
    assert not list(search.path.rglob("checkpoints"))
    assert not list(search.path.rglob("lock"))


def test_a_setting_whose_first_seed_ends_clearly_behind_gets_no_other_seeds(table_search, monkeypatch):
    monkeypatch.setitem(table_search.scores, (0.1, 0), BEHIND)
    search = table_search()
    report = search.run()
    assert [epoch for epoch in search.epochs if epoch[0] == 0.1] == [(0.1, 0, 0), (0.1, 0, 1)]
    assert (states(report)[0.1, 0], states(report)[0.1, 1]) == ("behind", "skipped")
    assert report.chosen.setting.learning_rate == 0.3
    assert describe_run(search.path / "trials" / trial(0.1)).state == "complete"  # an ordinary run
    assert f"{trial(0.1)} ended clearly behind: its setting gets no other seeds" in search.said
    again = table_search()
    again.run()
    assert not again.epochs


def test_a_search_that_is_stopped_after_a_first_seed_ended_behind_goes_on_and_finds_the_same(
    table_search, monkeypatch
):
    monkeypatch.setitem(table_search.scores, (0.1, 0), BEHIND)
    table_search().run()
    expected = files_of(table_search.path)
    table_search.path.rename("runs/whole")
    with pytest.raises(Interrupted):
        table_search(after=raise_at(Interrupted("Stopped", ""), 0.1, 0, 1)).run()
    table_search().run()
    assert files_of(table_search.path) == expected


def test_one_seed_a_setting_is_never_behind_at_its_end(table_search, monkeypatch):
    monkeypatch.setitem(table_search.scores, (0.1, 0), BEHIND)
    assert states(table_search().run(seeds=(0,)))[0.1, 0] == "complete"


def test_without_a_margin_nothing_is_given_up(table_search):
    report = table_search().run(margin=None)
    assert set(states(report).values()) == {"complete"}
    assert report.chosen.setting.learning_rate == 0.2


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("place", [(0.3, 0, 1), (0.2, 0, 0), (0.1, 1, 0)])
def test_a_search_that_is_stopped_anywhere_goes_on_and_finds_the_same(table_search, moment, place):
    table_search().run()
    path = table_search.path
    expected = files_of(path)
    path.rename("runs/whole")
    stopped = table_search(**{moment: raise_at(Interrupted("Stopped", ""), *place)})
    with pytest.raises(Interrupted):
        stopped.run()
    assert not list(path.rglob("lock"))
    assert not list(path.rglob("failed.json"))
    resumed = table_search()
    resumed.run()
    assert files_of(path) == expected
    # No epoch is trained twice; the one that was to follow a lost decision is not trained at all.
    assert len({*stopped.epochs, *resumed.epochs}) == len(stopped.epochs) + len(resumed.epochs) == 9


def test_a_setting_with_a_seed_that_diverges_is_out_and_the_search_goes_on(table_search):
    search = table_search(before=raise_at(Diverged("A loss must stay finite."), 0.1, 0, 1))
    report = search.run()
    assert (states(report)[0.1, 0], states(report)[0.1, 1]) == ("diverged", "skipped")
    assert report.chosen.setting.learning_rate == 0.3
    assert "A loss must stay finite." in search.said


def test_what_a_trial_took_is_freed_however_it_ended(table_search, monkeypatch):
    cleared = []
    search = table_search(before=raise_at(UserError("The disk must have room."), 0.3, 1, 0))
    monkeypatch.setattr(search, "clear", lambda: cleared.append(len(search.epochs)))
    with pytest.raises(UserError):
        search.run()
    assert cleared == [2, 2]


def test_wrong_input_at_the_first_trial_leaves_nothing_and_at_a_later_one_all_that_is_done(table_search):
    full = UserError("The disk must have room.", "Free space.")
    with pytest.raises(UserError) as error:
        table_search(before=raise_at(full, 0.3, 0, 0)).run()
    assert error.value.exit_code == 2
    assert not list(table_search.path.iterdir())
    with pytest.raises(RunError) as error:
        table_search(before=raise_at(full, 0.3, 1, 0)).run()
    assert (error.value.exit_code, error.value.message) == (1, "The disk must have room.")
    resumed = table_search()
    report = resumed.run()
    assert (report.done, report.total) == (6, 6)
    assert (0.3, 0, 0) not in resumed.epochs


class Beside:
    """Workers whose trials end in another order than they began: the last first, or all but the first first."""

    def __init__(self, function, places, chosen):
        self._function, self.places, self._chosen = function, places, chosen
        self._at_work = {}

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._at_work.clear()

    def begin(self, number, item):
        self._at_work[number] = item

    def wait(self, seconds):
        number = self._chosen(self._at_work)
        try:
            return [(number, Ended(self._function(self._at_work.pop(number))))]
        except UserError as error:
            return [(number, Ended(error=error))]


@pytest.fixture(params=[(2, max), (6, max), (6, lambda numbers: sorted(numbers)[len(numbers) // 2])])
def beside(request, monkeypatch):
    """Has trials run beside each other, and end in several orders."""
    places, chosen = request.param
    monkeypatch.setattr(sharing, "crew_of", lambda function, cluster: Beside(function, places, chosen))
    return ClusterOptions(workers=places)


def test_trials_that_run_beside_each_other_give_the_same_table_whatever_the_order_of_their_ends(
    table_search, monkeypatch, beside
):
    monkeypatch.setitem(table_search.scores, (0.1, 0), BEHIND)
    table_search().run()
    expected = files_of(table_search.path)
    table_search.path.rename("runs/whole")
    search = table_search()
    search.run(cluster=beside)
    found = files_of(table_search.path)
    assert found[Path("search.json")] == expected[Path("search.json")]
    assert {path: found[path] for path in expected} == expected
    assert not list(table_search.path.rglob("lock"))
    assert len(set(search.epochs)) == len(search.epochs)


def test_a_search_of_several_trials_at_once_goes_on_alone_and_finds_the_same(table_search, beside):
    table_search().run()
    expected = files_of(table_search.path)[Path("search.json")]
    table_search.path.rename("runs/whole")
    with pytest.raises(Interrupted):
        table_search(after=raise_at(Interrupted("Stopped", ""), 0.1, 0, 0)).run(cluster=beside)
    table_search().run()
    assert files_of(table_search.path)[Path("search.json")] == expected


def test_what_was_behind_a_training_that_diverged_later_is_trained_to_its_end(table_search, monkeypatch):
    """0.2 is behind 0.3 after an epoch, which diverges in its second one."""
    table_search(before=raise_at(Diverged("A loss must stay finite."), 0.3, 0, 1)).run()
    expected = files_of(table_search.path)[Path("search.json")]
    table_search.path.rename("runs/whole")
    halves = []

    def wait_for_0_2(rate, seed, epoch):
        if (rate, seed, epoch) == (0.3, 0, 1):
            if not halves:
                halves.append(trials_beside((0.2, 0)))
            raise Diverged("A loss must stay finite.")

    search = table_search(before=wait_for_0_2)

    def trials_beside(place):
        other = table_search()
        other.train_one(*place)
        return other.epochs

    report = search.run()
    assert halves == [[(0.2, 0, 0)]]
    assert states(report)[0.2, 0] == "complete"
    assert files_of(table_search.path)[Path("search.json")] == expected


def test_it_is_told_how_many_steps_are_done(table_search):
    search = table_search()
    search.run()
    assert search.trials.steps_done() == 6 * 20
