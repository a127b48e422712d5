"""Choices by the sets that they were scored on."""

from dataclasses import replace
from pathlib import Path

from mbert_cli.report.choices import Choice
from mbert_cli.report.recorded_scores import SetScore
from mbert_cli.report.scored_sets import by_set, p50_on
from mbert_cli.tflite.latency_reports import Conditions, Latency, Machine
from mbert_cli.weights.description import SetDescription

DEV, TEST = (SetDescription(digest=digest, examples=9) for digest in ("dev", "test"))
HERE, THERE = (Conditions(1, Machine(name, 2, 0.0, {})) for name in ("here", "there"))


def choice(
    name: str, *scores: tuple[SetDescription, float], task: str = "sst2", size: int = 1, mode: str = ""
) -> Choice:
    return Choice(
        name=name, model=name.partition(" ")[0], path=Path(f"{name}.tflite" if mode else name), runs=(), mode=mode,
        kind="finetune", task=task, parameters=1, word_table=0, tokens=1, flops=1, size_bytes=size,
        scores=[SetScore(task, scored, "accuracy", value) for scored, value in scores],
    )  # fmt: skip


def timed(one: Choice, p50_ms: float, conditions: Conditions) -> Choice:
    return replace(one, latency=Latency(p50_ms, 1, conditions=conditions))


def names(*choices: Choice) -> list[list[str]]:
    return [[one.name for one in scored.choices] for scored in by_set(choices)]


def test_a_set_shows_the_best_model_first_and_its_artifacts_behind_it():
    low, high = choice("low", (DEV, 0.5)), choice("high", (DEV, 0.9))
    of_low = choice("low int8", (DEV, 0.95), mode="int8")
    assert names(low, of_low, high) == [["low", "low int8", "high"]]
    assert names(replace(low, scores=[SetScore("sst2", DEV, "accuracy", 0.96)]), high) == [["low", "high"]]


def test_scores_of_different_sets_stand_apart_and_a_choice_may_be_in_several():
    both, one = choice("both", (DEV, 0.5), (TEST, 0.6)), choice("one", (TEST, 0.7))
    assert names(both, one) == [["both"], ["one", "both"]]
    assert [scored.title for scored in by_set([both])] == [
        "sst2, 9 examples (set dev)",
        "sst2, 9 examples (set test)",
    ]


def test_scores_of_different_metrics_on_one_set_stand_apart():
    by_accuracy, by_correlation = choice("a", (DEV, 0.9)), choice("b", (DEV, 0.1))
    (score,) = by_correlation.scores
    other = replace(by_correlation, scores=[replace(score, metric="matthews correlation")])
    assert [one.metric for one in by_set([by_accuracy, other])] == [score.metric, "matthews correlation"]
    assert not any(one.has_choice for one in by_set([by_accuracy, other]))


def test_choices_without_a_score_stand_with_others_of_their_task_or_alone():
    assert names(choice("a", (DEV, 0.5)), choice("b"), choice("c", task="rte")) == [["a", "b"], ["c"]]
    assert by_set([choice("c", task="rte")])[0].title == "rte, not scored"


def test_a_model_that_has_artifacts_is_chosen_by_their_sizes():
    small = choice("a", (DEV, 0.9), size=5), choice("a int8", (DEV, 0.8), size=9, mode="int8")
    (scored,) = by_set([*small, choice("b", (DEV, 0.7), size=20)])
    assert scored.sizes == [None, 9, 20]
    assert scored.smallest == [1]


def test_times_are_compared_on_one_machine_alone():
    choices = [
        timed(choice("a", (DEV, 0.9), mode="x"), 9.0, HERE),
        timed(choice("b", (DEV, 0.8), mode="x"), 1.0, THERE),
        timed(choice("c", (DEV, 0.7), mode="x"), 5.0, HERE),
        timed(choice("d", mode="x"), 0.1, HERE),  # without a score
    ]
    (scored,) = by_set(choices)
    assert scored.machines == [HERE.comparable, THERE.comparable]
    assert [scored.quickest(machine) for machine in scored.machines] == [[2, 0], [1]]
    assert [p50_on(one, THERE.comparable) for one in choices] == [None, 1.0, None, None]


def test_one_alone_is_no_choice():
    assert not by_set([choice("a", (DEV, 0.5)), choice("b")])[0].has_choice
    assert by_set([choice("a", (DEV, 0.5)), choice("b", (DEV, 0.5))])[0].has_choice
