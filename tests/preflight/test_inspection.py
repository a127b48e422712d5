"""What was found, one thing after the other."""

from pathlib import Path

import pytest

from mbert_cli.errors import UserError
from mbert_cli.preflight.inspection import Inspection, NotFound
from mbert_cli.recipe.invocation import invoke

WRONG = UserError("The rule. Received: x", "Fix it.")


def fail():
    raise WRONG


def states(inspection: Inspection) -> list[tuple[str, str, str]]:
    return [(finding.name, finding.state, finding.text) for finding in inspection.findings]


def test_a_look_notes_what_it_found_and_hands_it_on():
    inspection = Inspection()
    looked = inspection.look("layers", lambda: ("two", 2))
    assert (looked.value, looked.found) == (2, 2)
    assert states(inspection) == [("layers", "ok", "two")]


def test_a_command_ends_at_the_first_thing_that_fails():
    inspection = Inspection()
    with pytest.raises(UserError) as caught:
        inspection.look("teacher", fail)
    assert caught.value is WRONG
    assert states(inspection) == [("teacher", "failed", "The rule. Received: x")]


def test_where_it_goes_on_what_needs_a_thing_that_failed_is_passed_over():
    inspection = Inspection(goes_on=True)
    teacher = inspection.look("teacher", fail)
    layers = inspection.look("layers", lambda: ("two", teacher.value))
    inspection.look("stages", lambda: ("one", None))
    assert teacher.found is layers.found is None
    assert states(inspection) == [("teacher", "failed", "The rule. Received: x"), ("stages", "ok", "one")]
    assert inspection.findings[0].hint == "Fix it."
    with pytest.raises(NotFound, match=r"The rule\. Received: x"):
        _ = layers.value


def test_nothing_may_be_what_was_found():
    assert Inspection().look("run", lambda: ("none", None)).value is None


def test_a_doubt_is_warned_of_by_a_command_and_stops_nothing(capsys):
    inspection = Inspection()
    inspection.weigh("memory", lambda: ("tight", True))
    inspection.weigh("memory", lambda: ("ample", False))
    assert states(inspection) == [("memory", "doubtful", "tight"), ("memory", "ok", "ample")]
    assert capsys.readouterr().err == "Warning: tight\n"
    Inspection(goes_on=True).weigh("memory", lambda: ("tight", True))
    assert capsys.readouterr().err == ""


def test_a_dry_run_warns_of_the_machine_and_ends_at_all_else(capsys):
    inspection = Inspection.of(invoke("prepare", "quickstart", [], {}, run=Path("run"), dry_run=True))
    inspection.look("disk", fail)
    assert capsys.readouterr().err == (
        "Warning: The rule. Received: x; on this machine the run itself would be refused\n"
    )
    with pytest.raises(UserError):
        inspection.look("corpus", fail)
    with pytest.raises(UserError):
        Inspection.of(invoke("prepare", "quickstart", [], {}, run=Path("run"))).look("disk", fail)
