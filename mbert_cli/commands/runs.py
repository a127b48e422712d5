"""`mbert runs`: what is in runs/."""

from dataclasses import dataclass, replace
from pathlib import Path

from mbert_cli.errors import UserError
from mbert_cli.page import PRINTED, Delivery, Page
from mbert_cli.report.run_table import runs_page
from mbert_cli.report.terminal import deliver
from mbert_cli.runs.listing import FINAL, is_run, is_search, list_runs, require_root, unknown_folders
from mbert_cli.search.results import read_report
from mbert_cli.shell_words import path_word


@dataclass(frozen=True)
class RunsCommand:
    """What was typed.

    Attributes:
        root: The folder of the runs, or one run.
        chain: Whether each fine-tuned model is followed from its teacher to the phone.
        glue: Whether models are shown by row and GLUE's tasks by column.
        delivery: Where the page goes, and in which form.
    """

    root: Path
    chain: bool = False
    glue: bool = False
    delivery: Delivery = PRINTED


def run(command: RunsCommand) -> None:
    """Shows every run with its kind, state, steps, size and score, or what else was asked for.

    Raises:
        UserError: There is no such folder, or it is not what was asked for.
    """
    require_root(command.root)
    _refuse_run(command)
    deliver(_page(command), command.delivery)


def _refuse_run(command: RunsCommand) -> None:
    """Refuses what is shown of a folder of runs for one run, and the folder of its result for the run."""
    root = command.root
    if root.name == FINAL and is_run(root.parent):
        raise UserError(
            f"`mbert runs` shows runs. Received: {root}, the result of one",
            f"Name the run: mbert runs {path_word(root.parent)}",
        )
    asked = "--glue" if command.glue else "--chain"
    if (command.chain or command.glue) and is_run(root):
        raise UserError(
            f"`mbert runs {asked}` shows the runs of a folder. Received: {root}, a run",
            f"Name its folder, mbert runs {path_word(root.parent)} {asked}, or leave {asked} out.",
        )


def _page(command: RunsCommand) -> Page:
    """The page that was asked for; what the others need is not loaded."""
    root = command.root
    if command.glue:
        from mbert_cli.report.glue import glue_page

        return glue_page(root)
    if command.chain:
        from mbert_cli.report.chain import chain_page

        return chain_page(root)
    return _page_of_one(root) if is_run(root) else runs_page(root, list_runs(root), unknown_folders(root))


def _page_of_one(path: Path) -> Page:
    """Everything about a run; for a search its table too."""
    from mbert_cli.report.run_details import read_details
    from mbert_cli.report.run_page import run_page

    page = run_page(read_details(path))
    if not is_search(path):
        return replace(page, record={**page.record, "search": None})
    from mbert_cli.report.search import search_page

    search = search_page(path, read_report(path))
    return Page([*page.tables, *search.tables], {**page.record, "search": search.record})
