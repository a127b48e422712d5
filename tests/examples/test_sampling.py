"""Even samples of labelled examples."""

import numpy as np

from mbert_cli.examples.sampling import thin
from mbert_cli.examples.texts import Examples


def test_thinning_takes_evenly_spaced_examples():
    examples = Examples([str(i) for i in range(10)], None, np.arange(10, dtype=np.int32))
    assert thin(examples, 4).texts == ["0", "2", "5", "7"]
    assert thin(examples, None) is examples
