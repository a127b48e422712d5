"""An estimate as a person reads it."""

from dataclasses import replace

import pytest

from mbert_cli.cost.options import PlanOptions
from mbert_cli.cost.shown import facts_of, priced, record_of, show_seconds, tables_of
from mbert_cli.page import Page
from mbert_cli.printing import print_table, printed_text
from mbert_cli.table import Table
from tests.cost.test_estimate import ESTIMATE


def printed(estimate) -> list[str]:
    return [
        printed_text(lambda stream, table=table: print_table(stream, table.title, table.columns, table.rows))
        for table in tables_of(estimate)
    ]


def test_facts_name_arithmetic_memory_exchange_disk_and_time():
    assert facts_of(ESTIMATE) == {
        "arithmetic": "5.33 x 10^9 floating-point operations per step, 8.00 x 10^10 in all: forward 100%",
        "memory per device": "about 6 B (an estimate): weights 1 B, gradients and optimizer 2 B, activations 3 B "
        "(4 B without train.rematerialize)",
        "exchange": "each of 2 devices sends 4.00 MB per step, for gradients of 4.00 MB",
        "disk": "up to 4 B",
        "time": "about 60.5 s on 2 devices, by plan.teraflops and plan.utilisation: arithmetic 15 s, exchange 30 s, "
        "first steps 8 s, validation 7.5 s",
    }


def test_on_jax_what_a_gpu_holds_is_told_too(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    memory = replace(ESTIMATE.memory, fused_activations=2)
    assert facts_of(replace(ESTIMATE, memory=memory))["memory per device"].endswith(
        "; on a GPU about 5 B, where XLA keeps little beside outputs of products"
    )


def test_rematerializing_is_named_only_where_it_needs_less():
    for kept, repeated, shown in (
        (7, 3, "activations 7 B (3 B with train.rematerialize)"),
        (7, 8, "activations 7 B"),
    ):
        memory = replace(
            ESTIMATE.memory, kept_activations=kept, repeated_activations=repeated, repeats_blocks=False
        )
        assert facts_of(replace(ESTIMATE, memory=memory))["memory per device"].endswith(shown)


def test_a_speed_that_was_measured_is_said_to_be():
    assert "by the speed of this machine" in facts_of(replace(ESTIMATE, measured_on=1))["time"]


@pytest.mark.parametrize(
    ("machines", "wanted"),
    [
        (PlanOptions(), "not known; --set plan.teraflops=... --set plan.utilisation=... plans it"),
        (PlanOptions(teraflops=3), "not known; --set plan.utilisation=... plans it"),
    ],
)
def test_without_a_speed_the_keys_that_are_missing_are_named(machines, wanted):
    assert facts_of(replace(ESTIMATE, speeds={}, options=machines))["time"].startswith(wanted)


def test_the_table_of_devices_has_at_most_80_columns_and_says_where_the_exchange_takes_over():
    arithmetic, scaling = printed(ESTIMATE)
    assert max(map(len, scaling.splitlines() + arithmetic.splitlines())) <= 80
    rows = [line.split() for line in scaling.splitlines()[3:] if line.strip()]
    assert rows[1] == ["2", "4", "1", "s", "2", "s", "33.3%", "45", "s"]
    notes = tables_of(ESTIMATE)[1].notes
    assert "The exchange takes longer than the arithmetic above 2 devices." in notes


def test_without_a_bandwidth_there_is_no_table_of_devices():
    assert len(tables_of(replace(ESTIMATE, options=PlanOptions(devices=2)))) == 1


def test_a_record_has_numbers_in_seconds_and_bytes_and_null_for_what_is_not_known():
    record = record_of(ESTIMATE)
    assert record["seconds"] == pytest.approx(60.5)
    assert record["scaling"][1] == {
        "devices": 2,
        "seconds": pytest.approx(45),
        "efficiency": pytest.approx(1 / 3),
    }
    unknown = record_of(replace(ESTIMATE, speeds={}))
    assert (unknown["seconds"], unknown["scaling"]) == (None, [])


def test_a_page_that_is_priced_keeps_what_it_has():
    page = priced(Page([Table("plan", ["a"], [("b",)])], {"steps": 15}), ESTIMATE)
    assert [table.columns for table in page.tables] == [["a"], ["cost", ""]]
    assert (page.record["steps"], page.record["cost"]) == (15, record_of(ESTIMATE))


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.0123, "12.3 ms"),
        (0.9997, "1 s"),
        (4.56, "4.56 s"),
        (600, "10 min"),
        (7200, "2 h"),
        (864_000, "10.0 days"),
        (725 * 86_400, "725.0 days"),
        (3 * 365.25 * 86_400, "3.0 years"),
        (2.5e13, "792,202 years"),
    ],
)
def test_times_come_in_the_unit_that_suits_them(seconds, shown):
    assert show_seconds(seconds) == shown
