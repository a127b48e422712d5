"""The token store that a pre-training reads: found, or to be prepared first."""

import shlex
from dataclasses import dataclass
from typing import Any

from mbert_cli import console
from mbert_cli.corpus.options import PretrainingOptions
from mbert_cli.corpus.store import TokenStore
from mbert_cli.model.cost import USUAL_VOCABULARY
from mbert_cli.preflight import prepare
from mbert_cli.preflight.inputs import find_run, recorded_input
from mbert_cli.preflight.inspection import Inspection, Looked
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.runs.complete import Run
from mbert_cli.runs.listing import maker_of, newest_complete
from mbert_cli.text.vocabulary import Vocabulary

KEY = "data.run"


@dataclass(frozen=True)
class StoreRun:
    """A `prepare` run and its opened store.

    Attributes:
        run: The run.
        store: What it holds.
    """

    run: Run
    store: TokenStore

    @classmethod
    def of(cls, run: Run) -> "StoreRun":
        """Opens the store of a run.

        Raises:
            UserError: It is damaged.
        """
        return cls(run, TokenStore(run.final))

    @property
    def vocabulary(self) -> Vocabulary:
        """That of the store."""
        return self.store.vocabulary


Store = StoreRun | prepare.Ready
"""A store, or what is ready to make it first; the vocabulary of both is known, unless it will be trained."""


def look_at_store(
    inspection: Inspection, invocation: Invocation[Any], options: PretrainingOptions
) -> Looked[Store]:
    """Looks for the run with the token store, or at what prepares it where the recipe says how and there is none."""

    def check() -> tuple[str, Store]:
        named = options.run or recorded_input(invocation, KEY)
        if not named and options.prepare and newest_complete(invocation.root, ("prepare",)) is None:
            maker = maker_of(f"prepare {shlex.quote(options.prepare)}", invocation.root)
            console.info(f"No prepared corpus in {invocation.root}: `{maker}` runs first")
            first = invocation.of("prepare", options.prepare)
            return f"none yet; `{maker}` runs first", prepare.resolve(first, Inspection.of(first))
        found = StoreRun.of(find_run(invocation, options.run, KEY, ("prepare",)))
        return f"{found.run.path}: {found.vocabulary.size:,} tokens of vocabulary", found

    return inspection.look("token store", check)


def vocab_size_of(store: Store | None) -> int:
    """Tokens of a store's vocabulary: those asked for where it will be trained first, the usual without a store."""
    if store is None:
        return USUAL_VOCABULARY
    return store.recipe.vocabulary.size if store.vocabulary is None else store.vocabulary.size
