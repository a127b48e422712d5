"""Prints what JAX reads of the cluster that started a process, as a line of JSON; null where it knows none.

It runs in a process of its own, for the one that starts a training does without JAX.
"""

import json
import os
import sys
from collections.abc import Sequence
from typing import Any

OPEN_MPI = "Open MPI"
NAMES = {
    "slurm": "SLURM", "ompi": OPEN_MPI, "K8sCluster": "Kubernetes", "gketpu": "GKE", "gcetpu": "a TPU pod",
}  # fmt: skip
"""By JAX's names, or those of its classes."""
_WAIT_SECONDS = 60


def read_cluster(kinds: Sequence[Any]) -> dict[str, Any] | None:
    """The fields of `environment.Found`; None where no kind of cluster is there, or it has one host.

    Args:
        kinds: JAX's classes of clusters, in the order in which they are asked.
    """
    kind = next((kind for kind in kinds if not kind.opt_in_only_method and kind.is_env_present()), None)
    if kind is None or kind.get_process_count() == 1:
        return None
    return {
        "cluster": NAMES.get(kind.name, kind.name or kind.__name__),
        "count": kind.get_process_count(),
        "index": kind.get_process_id(),
        "coordinator": kind.get_coordinator_address(
            timeout_secs=_WAIT_SECONDS, override_coordinator_port=os.environ.get("JAX_COORDINATOR_PORT")
        ),
        "device": kind.get_local_process_id(),
    }


def main() -> None:
    """Asks all kinds that JAX knows."""
    from jax._src import clusters

    kinds = clusters.ClusterEnv._cluster_types  # noqa: SLF001 - JAX has no public name for them
    sys.stdout.write(json.dumps(read_cluster(kinds)) + "\n")


if __name__ == "__main__":
    main()
