"""Hosts that are about to do the same, or not."""

from mbert_cli.hosts.agreement import find_disagreement, named, refusal

NAMES = ("node1", "node2", "node3")
REPORT = {
    "command": {"command": "mbert distill", "--fresh": False},
    "versions": {"mbert": "0.2", "keras": "3.15.1", "jax": "0.10.2"},
    "recipe": {"seed": 0, "train.batch_size": 32, "train.optimizer.name": "adamw"},
    "inputs": {"teacher": "aa", "data.run": "bb"},
    "run": {"newest checkpoint": None},
}


def differing(aspect: str, **values: object) -> dict:
    return {**REPORT, aspect: REPORT[aspect] | values}


def told(reports: dict) -> str:
    return find_disagreement(reports, NAMES)["refused"]["message"]


def test_hosts_with_the_same_reports_agree():
    assert find_disagreement({0: REPORT, 1: REPORT, 2: REPORT}, NAMES) is None


def test_who_differs_in_what_is_named():
    other = {**REPORT, "recipe": REPORT["recipe"] | {"train.batch_size": 64, "seed": 1}}
    assert told({0: REPORT, 1: REPORT, 2: other}) == (
        "Hosts must have the same recipe. Received: seed 1, train.batch_size 64 on host 2 (node3); "
        "seed 0, train.batch_size 32 on host 0 (node1)"
    )


def test_versions_inputs_and_the_state_of_the_run_count_too():
    assert "versions. Received: jax 0.9.0 on host 1 (node2); jax 0.10.2 on host 0 (node1)" in told(
        {0: REPORT, 1: differing("versions", jax="0.9.0"), 2: REPORT}
    )
    assert "data.run cc on host 1 (node2); data.run bb" in told(
        {0: REPORT, 1: differing("inputs", **{"data.run": "cc"}), 2: REPORT}
    )
    assert "newest checkpoint none on host 1 (node2); newest checkpoint step 200 on host 0 (node1)" in told(
        {0: differing("run", **{"newest checkpoint": "step 200"}), 1: REPORT}
    )


def test_what_a_host_alone_has_is_none_on_the_others():
    other = {**REPORT, "versions": {"mbert": "0.2", "keras": "3.15.1", "jax": None}}
    assert "jax none on host 1" in told({0: REPORT, 1: other})


def test_many_differences_are_counted():
    keys = {f"key_{place}": place for place in range(6)}
    many = dict.fromkeys(range(6), REPORT)
    many[1] = differing("recipe", **keys)
    names = tuple(f"node{index}" for index in range(6))
    message = find_disagreement(many, names)["refused"]["message"]
    assert "key_0 0, key_1 1, key_2 2 and 3 more on host 1 (node1); key_0 none" in message
    all_differ = {0: REPORT} | {index: differing("recipe", seed=index) for index in range(1, 6)}
    assert find_disagreement(all_differ, names)["refused"]["message"].endswith("; and 2 more hosts differ")


def test_a_host_that_cannot_train_is_named_with_its_reason():
    failure = {"failure": {"message": "The disk is full", "hint": "Make room."}}
    refused = find_disagreement({0: REPORT, 1: failure}, NAMES)["refused"]
    assert refused["message"] == "Host 1 (node2) cannot train: The disk is full"
    assert refused["hint"] == "Make room."


def test_a_refusal_is_a_sentence_and_a_hint():
    assert refusal("So.", "Do this.") == {"refused": {"message": "So.", "hint": "Do this."}}
    assert named(3, "node4") == "host 3 (node4)"
