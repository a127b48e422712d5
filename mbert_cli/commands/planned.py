"""The dry run of a training on a token store: its plan and what it costs, without Keras and without any network."""

from typing import Any

from mbert_cli.preflight import distill, train_teacher
from mbert_cli.preflight.inputs import with_input
from mbert_cli.preflight.planning import plan_pretraining, say_transfer
from mbert_cli.preflight.pretraining_needs import PretrainingReady
from mbert_cli.preflight.token_store import KEY, StoreRun
from mbert_cli.sessions.plan import Planned, show_plan
from mbert_cli.sessions.prolonging import say_continuation


def run(ready: PretrainingReady[Any] | Planned) -> None:
    """Shows what the command would do."""
    if isinstance(ready, Planned):
        show_plan(ready)
        return
    if isinstance(ready, distill.Ready):
        say_transfer(ready)
    show_plan(plan_pretraining(ready, ready.store))
    if isinstance(ready.store, StoreRun):
        recipe = with_input(ready.recipe, KEY, ready.store.run)
        plan_of = ready.plan_of if isinstance(ready, distill.Ready) else train_teacher.plan_of
        say_continuation(ready.invocation, recipe, plan_of)
