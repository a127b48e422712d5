"""Logs in the forms that LiteRT's programs print, from several years and places."""

import pytest

from mbert_cli.errors import UserError
from mbert_cli.phone.benchmark_log import OperationTime, parse_benchmark_logs, read_log, unfinished_runs

OLD = """STARTING!
Num threads: [4]
Graph: [/data/local/tmp/model.tflite]
Enable op profiling: [1]
#threads used for CPU inference: [4]
Loaded model /data/local/tmp/model.tflite
The input model file size (MB): 16.9008
Initialized session in 17.187ms.
Running benchmark for at least 1 iterations and at least 0.5 seconds but terminate if exceeding 150 seconds.
count=1 curr=3512391

Running benchmark for at least 50 iterations and at least 1 seconds but terminate if exceeding 150 seconds.
count=50 first=2990275 curr=2913402 min=2727568 max=3189954 avg=2.95034e+06 std=109798

Inference timings in us: Init: 17187, First inference: 3512391, Warmup (avg): 3.51239e+06, Inference (avg): 2.95034e+06
Note: as the benchmark tool itself affects memory footprint, the following is only APPROXIMATE to the actual memory footprint of the model at runtime. Take the information at your discretion.
Memory footprint delta from the start of the tool (MB): init=4.21094 overall=46.0859
Profiling Info for Benchmark Initialization:
============================== Summary by node type ==============================
\t             [Node type]\t  [count]\t  [avg ms]\t    [avg %]\t    [cdf %]\t  [mem KB]\t[times called]
\t         AllocateTensors\t        1\t     1.356\t   100.000%\t   100.000%\t     0.000\t        1

Timings (microseconds): count=1 curr=1356
Memory (bytes): count=0
1 nodes observed



Operator-wise Profiling Info for Regular Benchmark Runs:
============================== Run Order ==============================
\t             [node type]\t          [start]\t  [first]\t [avg ms]\t     [%]\t  [cdf%]\t  [mem KB]\t[times called]\t[Name]
\t         FULLY_CONNECTED\t            0.066\t   87.754\t   60.957\t  2.066%\t  2.066%\t     0.000\t        1\t[layer_00/MatMul]:0

Number of nodes executed: 12
============================== Summary by node type ==============================
\t             [Node type]\t  [count]\t  [avg ms]\t    [avg %]\t    [cdf %]\t  [mem KB]\t[times called]
\t         FULLY_CONNECTED\t       10\t    13.695\t    65.611%\t    65.611%\t     0.000\t       10
\t                 SOFTMAX\t        2\t     4.229\t    20.261%\t    85.872%\t     0.000\t        2

Timings (microseconds): count=50 first=118487 curr=113927 min=88158 max=129072 avg=114924 std=7657
Memory (bytes): count=0
12 nodes observed
"""
NEW = """INFO: STARTING!
INFO: Log parameter values verbosely: [0]
INFO: Num threads: [1]
INFO: Graph: [/data/local/tmp/mbert/model.tflite]
INFO: Created TensorFlow Lite XNNPACK delegate for CPU.
VERBOSE: Replacing 812 out of 816 node(s) with delegate (TfLiteXNNPackDelegate) node, yielding 3 partitions for the whole graph.
INFO: Initialized session in 42.5ms.
INFO: count=12 first=41250 curr=40012 min=39811 max=43000 avg=40120.5 std=900 p5=39811 median=40001 p95=43000

INFO: count=200 first=39900 curr=40012 min=39500 max=52000 avg=40120.5 std=1200 p5=39600 median=39950 p95=44100

INFO: Inference timings in us: Init: 42500, First inference: 41250, Warmup (avg): 40120.5, Inference (avg): 40120.5
INFO: Memory footprint delta from the start of the tool (MB): init=30.5 overall=61.25
INFO: Operator-wise Profiling Info for Regular Benchmark Runs:
============================== Summary by node type ==============================
                                     [Node type]          [count]         [avg ms]          [avg %]         [cdf %]       [mem KB]        [times called]
               Fully Connected (NC, QD8, F32) GEMM              290           31.250          78.125%         78.125%          0.000              290
                                     Softmax (F32)               25            8.750          21.875%        100.000%          0.000               25

Timings (microseconds): count=200 first=39900 curr=40012
"""
LITERT = """INFO: [litert/tools/benchmark_litert_model.h:66]
========== BENCHMARK RESULTS ==========
INFO: [litert/tools/benchmark_litert_model.h:67] Model initialization: 120.25 ms
INFO: [litert/tools/benchmark_litert_model.h:68] Warmup (first):       9.50 ms
INFO: [litert/tools/benchmark_litert_model.h:70] Warmup (avg):         8.20 ms (20 runs)
INFO: [litert/tools/benchmark_litert_model.h:72] Inference (avg):      8.10 ms (200 runs)
INFO: [litert/tools/benchmark_litert_model.h:76] Inference (min):      7.90 ms
INFO: [litert/tools/benchmark_litert_model.h:78] Inference (max):      12.00 ms
INFO: [litert/tools/benchmark_litert_model.h:80] Inference (std):      0.40
INFO: [litert/tools/benchmark_litert_model.h:97]
Memory Usage:
INFO: [litert/tools/benchmark_litert_model.h:99] Overall footprint:    61.25 MB
"""


def test_times_memory_and_operations_of_an_old_program():
    (log,) = parse_benchmark_logs(OLD, "a.log")
    assert (log.runs, log.mean, log.shortest, log.longest) == (50, 2950.34, 2727.568, 3189.954)
    assert (log.deviation, log.first, log.start) == (109.798, 3512.391, 17.187)
    assert (log.median, log.p95, log.memory_mb, log.threads) == (None, None, 46.0859, 4)
    assert log.graph == "/data/local/tmp/model.tflite"
    assert log.operations == [
        OperationTime("FULLY_CONNECTED", 10, 13.695, pytest.approx(0.65611)),
        OperationTime("SOFTMAX", 2, 4.229, pytest.approx(0.20261)),
    ]


def test_a_new_program_gives_percentiles_and_what_a_delegate_took():
    (log,) = parse_benchmark_logs(NEW, "a.log")
    assert (log.runs, log.median, log.p95, log.mean) == (200, 39.95, 44.1, 40.1205)
    assert log.delegates == {"TfLiteXNNPackDelegate": (812, 816)}
    assert [(one.name, one.count) for one in log.operations] == [
        ("Fully Connected (NC, QD8, F32) GEMM", 290),
        ("Softmax (F32)", 25),
    ]


def test_lines_of_logcat_and_of_windows_are_read_the_same():
    (expected,) = parse_benchmark_logs(NEW, "a.log")
    prefixed = "\r\n".join(
        "08-06 12:00:00.123  4321  4321 I tflite  : " + line.removeprefix("INFO: ") if line else line
        for line in NEW.splitlines()
    )
    assert parse_benchmark_logs(prefixed, "a.log") == [expected]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le-sig"])
def test_a_log_that_a_shell_of_windows_saved_is_read(tmp_path, encoding):
    file = tmp_path / "a.log"
    mark = "\ufeff" if encoding.endswith("le-sig") else ""
    file.write_bytes((mark + NEW).encode(encoding.removesuffix("-sig") if mark else encoding))
    assert read_log(file) == NEW


def test_a_row_of_operations_without_numbers_ends_the_table():
    (log,) = parse_benchmark_logs(OLD.replace("4.229", "4,229"), "a.log")
    assert [one.name for one in log.operations] == ["FULLY_CONNECTED"]


def test_the_program_for_compiled_models_gives_milliseconds():
    (log,) = parse_benchmark_logs(LITERT, "a.log")
    assert (log.runs, log.mean, log.shortest, log.longest, log.deviation) == (200, 8.1, 7.9, 12.0, 0.4)
    assert (log.start, log.first, log.memory_mb, log.median) == (120.25, 9.5, 61.25, None)


def test_a_log_of_several_runs_gives_each_that_came_to_its_end():
    broken = "STARTING!\nGraph: [/x.tflite]\nERROR: out of memory\n"
    logs = parse_benchmark_logs(OLD + broken + NEW, "a.log")
    assert [log.threads for log in logs] == [4, 1]
    assert unfinished_runs(OLD + broken + NEW) == ["STARTING! / Graph: [/x.tflite] / ERROR: out of memory"]
    assert not unfinished_runs("$ adb shell\n" + OLD + NEW)


@pytest.mark.parametrize(
    "log",
    [
        OLD.replace("count=50 first=2990275", "count=0 first=2990275"),
        LITERT.replace("(200 runs)", "(0 runs)"),
    ],
)
def test_a_log_without_a_timed_run_has_no_time_of_zero(log):
    with pytest.raises(UserError, match="at least one timed run"):
        parse_benchmark_logs(log, "a.log")


def test_what_is_no_log_is_refused_with_its_end():
    with pytest.raises(UserError) as caught:
        parse_benchmark_logs("STARTING!\nLoaded model\nERROR: Could not open '/x.tflite'.\n\n", "a.log")
    assert caught.value.message == (
        "A log of LiteRT's benchmark has a line `Inference timings in us` or a block `BENCHMARK RESULTS`, and at least "
        "one timed run. "
        "Received: a.log, which ends with: STARTING! / Loaded model / ERROR: Could not open '/x.tflite'."
    )
    assert caught.value.hint == (
        "Save all that `benchmark_model` or `benchmark_litert_model` prints, standard error too: > FILE 2>&1."
    )


@pytest.mark.parametrize("counted", ["count=0", "count=50 first=2990275 curr=2913402 avg=nan std=-nan"])
def test_runs_without_a_mean_are_not_shown_by_those_that_warmed_up_or_by_the_last_one(counted):
    text = "\n".join(counted if line.startswith("count=50 ") else line for line in OLD.splitlines())
    assert text != OLD.strip()
    with pytest.raises(UserError, match="at least one timed run"):
        parse_benchmark_logs(text, "a.log")
    assert len(parse_benchmark_logs(text + "\n" + NEW, "a.log")) == 1
