"""The pre-flight of each verb, by its name: `preflight/<verb>.py` has `resolve`, and `Ready` for what it found."""

import contextlib
import importlib
from typing import Any

from mbert_cli import console
from mbert_cli.backend import backend_name, require_backend
from mbert_cli.preflight.hosts import look_at_hosts
from mbert_cli.preflight.inspection import Finding, Inspection, NotFound
from mbert_cli.recipe.invocation import Invocation

_PAGES = {"eval": "evaluate"}
"""Pages of verbs whose name Python has taken."""


def resolve(invocation: Invocation[Any], inspection: Inspection | None = None) -> Any:
    """Looks once at everything that a verb needs, in a fraction of the time that loading its libraries takes.

    Args:
        invocation: The command.
        inspection: Collects what is found; None for that of a command, which ends at the first thing that fails.

    Returns:
        What the page of the verb takes: everything found, checked and derived.

    Raises:
        UserError: Something would stop the verb.
    """
    inspection = inspection or Inspection.of(invocation)
    look_at_hosts(inspection, invocation)
    return page_of(invocation.kind).resolve(invocation, inspection)


def page_of(verb: str) -> Any:
    """The module with the pre-flight of a verb, or of a kind of run."""
    return importlib.import_module(f"mbert_cli.preflight.{_PAGES.get(verb, verb.replace('-', '_'))}")


def _find_backend() -> tuple[str, None]:
    require_backend()
    return backend_name(), None


def inspect(invocation: Invocation[Any]) -> list[Finding]:
    """All that `resolve` finds, going on after what failed; a recipe that was loaded is valid."""
    inspection = Inspection(goes_on=True)
    inspection.note("recipe", f"{invocation.verb}/{invocation.loaded.name} is valid")
    inspection.look("backend", _find_backend)
    with console.silence(), contextlib.suppress(NotFound):
        resolve(invocation, inspection)
    return inspection.findings
