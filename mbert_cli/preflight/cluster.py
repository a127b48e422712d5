"""Whether those who are to share the work are there and can do it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mbert_cli.cluster.checking import require_cluster
from mbert_cli.cluster.options import ClusterOptions
from mbert_cli.cluster.sharing import is_shared
from mbert_cli.errors import UserError
from mbert_cli.figures import counted
from mbert_cli.preflight.inspection import Inspection
from mbert_cli.recipe.invocation import Invocation


def look_at_cluster(
    inspection: Inspection, invocation: Invocation[Any], options: ClusterOptions, files: Iterable[Path]
) -> None:
    """Looks at the machines that share the work, if any do.

    Args:
        inspection: Receives what is found.
        invocation: The command, whose run must be seen by all; where it writes none, the working directory.
        options: The cluster.
        files: What is read.
    """

    def check() -> tuple[str, None]:
        if invocation.hosts.count > 1:
            raise UserError(
                "Work is shared out by one process, and hosts train one model together. "
                f"Received: a section cluster for {invocation.hosts.count} hosts",
                "Leave one of the two out.",
            )
        if options.address is None:
            return f"{counted(options.workers, 'process', 'processes')} of this machine", None
        machines = require_cluster(options, invocation.run or Path(), files)
        names = ", ".join(machine.name for machine in machines)
        return f"{options.address}: {counted(len(machines), 'machine')} ({names})", None

    if is_shared(options):
        inspection.look("cluster", check)
