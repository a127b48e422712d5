"""Whether the hosts that are to train together can: what one of them knows before it meets the others."""

from collections.abc import Mapping
from typing import Any

from mbert_cli.backend import backend_name
from mbert_cli.errors import UserError
from mbert_cli.figures import counted
from mbert_cli.hosts.environment import TAKE_JAX, place_of
from mbert_cli.hosts.joining import Place, describe_place
from mbert_cli.model.options import Architecture
from mbert_cli.model.splitting import require_divisible_model
from mbert_cli.preflight.inspection import Inspection
from mbert_cli.recipe.invocation import Invocation


def find_place(invocation: Invocation[Any]) -> Place | None:
    """The place of this host in the job of a command; None for a host that is alone, and for verbs that train nothing.

    Raises:
        UserError: What is known does not make up a place, or its batch cannot be shared out.
    """
    options = getattr(invocation.recipe, "hosts", None)
    if options is None:
        return None
    place = place_of(options, backend_name())
    if place is not None:
        if options.model_parallel == 1:  # hosts that divide a model may read the same rows
            require_shares(invocation.recipe.train.batch_size, place.count)
        _require_one_model(invocation.recipe, place)
    return place


def look_at_hosts(inspection: Inspection, invocation: Invocation[Any]) -> None:
    """Looks which of several hosts this one is; a host that is alone needs no look."""
    try:
        place = find_place(invocation)
    except UserError as error:
        inspection.refuse("hosts", error)
        return
    if place is not None:
        inspection.note("hosts", describe_place(place))


def look_at_division(
    inspection: Inspection, model_parallel: int, networks: Mapping[str, Architecture]
) -> None:
    """Looks whether devices can divide each of some networks, given in words; without a division there is no look.

    How many devices there are is known once JAX has been asked, when nothing stands in the way.
    """

    def check() -> tuple[str, None]:
        if backend_name() != "jax":
            raise UserError(
                f"Dividing a model among devices needs JAX. Received: {backend_name()}, with "
                f"hosts.model_parallel={model_parallel}",
                TAKE_JAX,
            )
        for name, size in networks.items():
            require_divisible_model(size, model_parallel, name)
        return f"{model_parallel} devices divide each layer of {' and '.join(networks)}", None

    if model_parallel > 1:
        inspection.look("division", check)


def require_shares(batch_size: int, count: int) -> None:
    """Checks that hosts get as many rows of a batch each.

    Raises:
        UserError: They do not; names the nearest sizes of a batch that would do.
    """
    if batch_size % count == 0:
        return
    lower = batch_size - batch_size % count
    if not lower:
        raise UserError(
            f"Each host needs a row of a batch. Received: train.batch_size {batch_size} for {counted(count, 'host')}",
            f"At most --hosts {batch_size}, or --set train.batch_size={count}.",
        )
    raise UserError(
        f"Hosts share out a batch evenly. Received: train.batch_size {batch_size} for {counted(count, 'host')}",
        f"The nearest that they can: --set train.batch_size={lower} or --set train.batch_size={lower + count}.",
    )


def _require_one_model(recipe: Any, place: Place) -> None:
    if getattr(recipe, "search", None) is not None:
        raise UserError(
            f"Several hosts train one model. Received: search, with hosts.count={place.count}",
            "--hosts 1 runs the search here; or train its best settings on all hosts, with --set search=null.",
        )
