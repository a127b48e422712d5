"""What a phone that is not there prints, and what it was told to do."""

import json
from pathlib import Path

TIMED = """INFO: STARTING!
INFO: Num threads: [4]
INFO: Graph: [/data/local/tmp/mail.tflite]
INFO: count=20 first=5200 curr=5000 min=4900 max=5200 avg=5010 std=60 p5=4900 median=5000 p95=5200

INFO: count=200 first=5100 curr=5000 min=4900 max=6100 avg=5020.5 std=100 p5=4950 median=5000 p95=5300

INFO: Inference timings in us: Init: 42500, First inference: 5200, Warmup (avg): 5010, Inference (avg): 5020.5
INFO: Memory footprint delta from the start of the tool (MB): init=30.5 overall=61.25
"""
PROFILED = (
    TIMED.replace("median=5000", "median=9000")
    + """INFO: Operator-wise Profiling Info for Regular Benchmark Runs:
============================== Summary by node type ==============================
\t                        [Node type]\t  [count]\t  [avg ms]\t    [avg %]\t    [cdf %]\t  [mem KB]\t[times called]
\t Fully Connected (NC, QD8, F32) GEMM\t       26\t     4.000\t    80.000%\t    80.000%\t     0.000\t       26
\t                      Softmax (F32)\t        2\t     1.000\t    20.000%\t   100.000%\t     0.000\t        2

"""
)


class FakePhones:
    """What adb finds; keys are those of `fake_adb.py`."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.found = {
            "devices": {"0A041": "device"},
            "printed": {"timed": [TIMED, 0], "profiled": [PROFILED, 0]},
        }
        self.change()

    def change(self, **changes: object) -> None:
        self.found |= changes
        self.place.write_text(json.dumps(self.found))

    @property
    def calls(self) -> list[list[str]]:
        return [json.loads(line) for line in Path(f"{self.place}.calls").read_text().splitlines()]
