"""What one host knows before it meets the others."""

import pytest

from mbert_cli.errors import UserError
from mbert_cli.host_flags import settings_of_hosts
from mbert_cli.model.options import SIZES
from mbert_cli.preflight.hosts import find_place, look_at_division, look_at_hosts, require_shares
from mbert_cli.preflight.inspection import Inspection
from mbert_cli.recipe.invocation import Invocation, invoke


@pytest.fixture(autouse=True)
def on_jax(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")


def typed(verb: str = "distill", *settings: str, count: int | None = 2, index: int = 0) -> Invocation:
    return invoke(verb, None, settings, settings_of_hosts(count, index, "node1:1234"))


def test_a_host_has_the_place_that_was_typed():
    place = find_place(typed(index=1))
    assert (place.index, place.count, place.coordinator) == (1, 2, "node1:1234")
    assert find_place(invoke("distill", None, (), {})) is None
    assert find_place(invoke("prepare", None, (), {})) is None


def test_a_batch_that_hosts_cannot_share_out_is_refused_with_the_nearest_that_they_can():
    with pytest.raises(UserError, match=r"train\.batch_size 32 for 3 hosts") as error:
        find_place(typed("distill", "train.batch_size=32", count=3))
    assert error.value.hint == (
        "The nearest that they can: --set train.batch_size=30 or --set train.batch_size=33."
    )
    assert find_place(typed("distill", "train.batch_size=32", "hosts.model_parallel=3", count=3)).count == 3
    with pytest.raises(UserError) as error:
        require_shares(2, 4)
    assert error.value.message.startswith(
        "Each host needs a row of a batch. Received: train.batch_size 2 for 4"
    )
    assert error.value.hint == "At most --hosts 2, or --set train.batch_size=4."
    require_shares(32, 4)


def test_a_search_trains_many_models_and_hosts_one():
    with pytest.raises(UserError, match=r"Received: search, with hosts\.count=2"):
        find_place(typed("finetune", "search={seed: [0, 1]}"))


def test_tensorflow_is_for_one_host(monkeypatch):
    monkeypatch.delenv("KERAS_BACKEND")
    with pytest.raises(UserError, match=r"on several hosts needs JAX\. Received: tensorflow"):
        find_place(typed())


def test_a_check_says_which_host_this_is_and_nothing_of_one_that_is_alone():
    inspection = Inspection(goes_on=True)
    look_at_hosts(inspection, invoke("distill", None, (), {}))
    assert inspection.findings == []
    look_at_hosts(inspection, typed(index=1))
    look_at_hosts(inspection, typed(index=2))
    good, bad = inspection.findings
    assert good.text == "1 of 2 at node1:1234, by the command line and the recipe"
    assert not bad.passed
    assert bad.text == "hosts.index must be below hosts.count. Received: 2 of 2"


def test_a_division_is_looked_at_for_every_network_and_needs_jax(monkeypatch):
    networks = {"the network": SIZES["mobilebert"], "the teacher": SIZES["bert_base"]}
    inspection = Inspection(goes_on=True)
    for count in (1, 2, 8):
        look_at_division(inspection, count, networks)
    monkeypatch.delenv("KERAS_BACKEND")
    look_at_division(inspection, 2, networks)
    good, *bad = inspection.findings
    assert good.text == "2 devices divide each layer of the network and the teacher"
    uneven, elsewhere = (finding.text for finding in bad)
    assert uneven == (
        "hosts.model_parallel must divide the heads and the inner width of every layer. Received: 8 for the network "
        "with 4 heads and an inner width of 512"
    )
    assert (
        elsewhere
        == "Dividing a model among devices needs JAX. Received: tensorflow, with hosts.model_parallel=2"
    )
