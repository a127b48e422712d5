"""`mbert eval --submission`: the files that were written for the leaderboard."""

from collections.abc import Sequence
from dataclasses import asdict

from mbert_cli.figures import counted
from mbert_cli.page import Page
from mbert_cli.tasks.submission import SubmissionFile


def submission_page(files: Sequence[SubmissionFile]) -> Page:
    """A line for each file.

    Args:
        files: Those that were written.
    """
    notes = [f"{file.path}: {counted(file.predictions, 'prediction')} of {file.model}" for file in files]
    return Page(record={"submissions": [asdict(file) for file in files]}, notes=notes)
