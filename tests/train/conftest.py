"""What the tests of training share: a run that nothing stopped."""

from pathlib import Path

import numpy as np
import pytest

from mbert_cli.weights.variables import read_variables
from tests.train.toy_training import (
    run_in,
)


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, np.ndarray], dict[str, float]]:
    """A run that nothing stopped: directory, weights, figures."""
    directory = tmp_path_factory.mktemp("runs") / "whole"
    network, figures = run_in(directory)
    return directory, read_variables(network), figures
