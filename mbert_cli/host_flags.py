"""The flags of work on several machines, with their help."""

from typing import Annotated

import typer

from mbert_cli.whole_numbers import whole_number

HostCount = Annotated[
    int | None,
    typer.Option(
        "--hosts", metavar="N", show_default=False, parser=whole_number("--hosts", 2),
        help="Short for --set hosts.count=N: hosts that train one model together, on JAX.",
    ),
]  # fmt: skip
HostIndex = Annotated[
    int | None,
    typer.Option(
        "--host-index", metavar="K", show_default=False, parser=whole_number("--host-index", 0),
        help="Short for --set hosts.index=K: which of them this one is, from 0.",
    ),
]  # fmt: skip
Coordinator = Annotated[
    str | None,
    typer.Option(
        "--coordinator", metavar="HOST:PORT", show_default=False,
        help="Short for --set hosts.coordinator=HOST:PORT: where they meet, on host 0.",
    ),
]  # fmt: skip

ClusterAddress = Annotated[
    str | None,
    typer.Option(
        "--cluster", metavar="ADDRESS", show_default=False,
        help="Short for --set cluster.address=ADDRESS: a Ray cluster that shares the work, auto for the one of this "
        "machine.",
    ),
]  # fmt: skip


def settings_of_hosts(
    count: int | None, index: int | None, coordinator: str | None
) -> dict[str, tuple[str, object]]:
    """What --hosts, --host-index and --coordinator are short for."""
    return {
        "--hosts": ("hosts.count", count), "--host-index": ("hosts.index", index),
        "--coordinator": ("hosts.coordinator", coordinator),
    }  # fmt: skip
