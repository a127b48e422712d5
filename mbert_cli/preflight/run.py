"""Whether the run that is in a command's directory already is the one that the command would write."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mbert_cli.preflight.inspection import Inspection, Looked, NotFound
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.runs.complete import Run
from mbert_cli.runs.content import Contents
from mbert_cli.runs.directory import require_other_inputs
from mbert_cli.runs.listing import FINAL, is_run
from mbert_cli.section import Section
from mbert_cli.train.stage import Stage


def look_at_run(
    inspection: Inspection,
    invocation: Invocation[Any],
    recipe: Section,
    inputs: Mapping[str, Run] | None = None,
    plan_of: Callable[[Any], Sequence[Stage]] | None = None,
) -> Looked[Contents | None]:
    """Looks whether the run is of this recipe, and began with these inputs.

    Args:
        inspection: Receives what is found.
        invocation: The command.
        recipe: Its recipe, with the runs that it works on written down as far as they were found.
        inputs: Those runs, by key.
        plan_of: The plan of a recipe, where it is known before the inputs are read.

    Returns:
        What the inputs hold; None where there is no such run, or it is moved aside.
    """
    path = invocation.directory
    if not is_run(path):
        return Looked(None)
    # Imported here: most commands begin a new run, and need not wait for the readers of all its inputs.
    from mbert_cli.recipe.contents import named_runs, with_recorded_runs
    from mbert_cli.sessions.prolonging import require_same_run

    def check() -> tuple[str, Contents | None]:
        require_other_inputs(path, {key: run.path for key, run in (inputs or {}).items()})
        if invocation.fresh:
            return f"{path} is moved aside", None
        gone = [run for run in named_runs(with_recorded_runs(recipe, path)) if not (run / FINAL).is_dir()]
        if gone:  # said where the run itself was looked for
            raise NotFound(f"Inputs must be there to be compared. Received: {gone[0]} without a result")
        contents = require_same_run(path, invocation.kind, recipe, inputs, plan_of)
        return f"{path} continues, with the inputs that it began with", contents

    return inspection.look("run", check)
