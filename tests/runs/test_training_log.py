"""What a training cost, and its curves."""

import json
from pathlib import Path

import pytest
import yaml

from mbert_cli.runs.training_log import Curve, TrainingCost, curves, training_cost


def write(path: Path, records: list[dict], batch_size: int | None = 8, **summary: object) -> Path:
    (path / "final").mkdir(parents=True)
    (path / "recipe.yaml").write_text(yaml.safe_dump({"train": {"batch_size": batch_size}}))
    (path / "final/summary.json").write_text(json.dumps(summary))
    (path / "log.jsonl").write_text("".join(f"{json.dumps(record)}\n" for record in records))
    return path


def loss(step: int, stage: str = "a", speed: float | None = None, value: float = 1.0) -> dict:
    return {"step": step, "stage": stage, "loss/total": value} | (
        {"examples_per_second": speed} if speed else {}
    )


def first(step: int, seconds: float, stage: str = "a") -> dict:
    return {"step": step, "stage": stage, "event": "first_step", "seconds": seconds}


def test_time_is_the_first_step_and_the_others_by_their_speed(tmp_path):
    # 10 s; 9 steps of 8 examples at 4 a second; 10 steps at 8 a second.
    run = write(tmp_path / "run", [first(1, 10.0), loss(10, speed=4.0), loss(20, speed=8.0)], steps=20)
    assert training_cost([run]) == TrainingCost(1, 20, 160, 10.0 + 18.0 + 10.0)


def test_each_stage_and_session_has_a_first_step_of_its_own(tmp_path):
    records = [first(1, 5.0), loss(1), loss(3, speed=8.0), first(4, 6.0, "b"), loss(5, "b", 2.0)]
    assert training_cost([write(tmp_path / "run", records, steps=5)]).seconds == 5.0 + 2.0 + 6.0 + 4.0


def test_validations_between_two_records_change_no_time(tmp_path):
    records = [
        first(1, 5.0),
        loss(2, speed=8.0),
        {"step": 2, "stage": "a", "validation/score": 0.5},
        loss(4, speed=8.0),
    ]
    assert training_cost([write(tmp_path / "run", records, steps=4)]).seconds == 5.0 + 1.0 + 2.0


def test_a_log_that_lost_its_end_says_no_time(tmp_path):
    run = write(tmp_path / "run", [first(1, 10.0), loss(10, speed=4.0)], steps=20)
    assert training_cost([run]) == TrainingCost(1, 20, 160, None)


def test_a_search_costs_what_all_of_its_trials_did(tmp_path):
    search = write(tmp_path / "search", [], steps=4)
    (search / "search.json").write_text("{}")
    for name in ("one", "two"):
        write(search / "trials" / name, [first(1, 1.0), loss(2, speed=8.0)], steps=2)
    assert training_cost([search]) == TrainingCost(2, 4, 32, 4.0)
    assert training_cost([search, search]) == TrainingCost(4, 8, 64, 8.0)


def test_what_was_not_recorded_is_not_known_and_makes_no_sum(tmp_path):
    known = write(tmp_path / "known", [first(1, 1.0), loss(2, speed=8.0)], steps=2)
    unknown = write(tmp_path / "unknown", [], batch_size=None)
    damaged = write(tmp_path / "damaged", [], batch_size="x")
    assert training_cost([unknown]) == training_cost([damaged]) == TrainingCost(1, None, None, None)
    assert training_cost([known, unknown]) == TrainingCost(2, None, None, None)
    assert training_cost([]) == TrainingCost(0, None, None, None)


def test_a_curve_for_each_stage(tmp_path):
    records = [
        loss(1, "a", value=3.0),
        loss(2, "a", value=2.0),
        loss(3, "b", value=9.0),
        {"step": 3, "stage": "b"},
    ]
    run = write(tmp_path / "run", [*records, {"step": 4, "stage": "b", "loss/total": "nan"}])
    assert curves(run, "loss/total") == [Curve("a", [1, 2], [3.0, 2.0]), Curve("b", [3], [9.0])]
    assert curves(run, "validation/score") == []


def test_the_curve_of_a_search_is_that_of_its_trial(tmp_path):
    search = write(tmp_path / "search", [], trial="two")
    (search / "search.json").write_text("{}")
    write(search / "trials" / "two", [loss(1, value=7.0)])
    assert curves(search, "loss/total") == [Curve("a", [1], [7.0])]


@pytest.mark.parametrize("figure", ["loss/total", "validation/score"])
def test_a_run_without_a_log_has_no_curve(tmp_path, figure):
    assert curves(tmp_path, figure) == []
