"""What a further executor brings: the main job against a slow API, with so many calls in flight per executor that the API is the limit
and not two cores."""

import time

from .enrich import Bench, TIMEOUT, check_rows, warm_up
from .report import medians

EXECUTORS = (1, 2, 4)
CALLS = 64  # in flight per executor
DELAY, SECONDS_A_CALL = "200ms", 0.200
SECONDS = 10  # of each measurement, when all calls are in flight all the time


def measure(bench: Bench, rounds: int) -> dict:
    """One, two and four executors take turns, each on a fresh database."""
    found: dict[int, list] = {count: [] for count in EXECUTORS}
    for _ in range(rounds):
        for count in EXECUTORS:
            found[count].append(measure_one(bench, count))
    rates = {count: medians(rounds)["runs_per_second"] for count, rounds in found.items()}
    return {
        "calls_per_executor": CALLS, "delay": DELAY, "rounds": found, "runs_per_second": rates,
        "times": {count: rate / rates[1] for count, rate in rates.items()},
    }


def measure_one(bench: Bench, executors: int) -> dict:
    """From the request until its webhook, as in `enrich`."""
    bench.create_database("enrich", DELAY)
    runs = round(executors * CALLS * SECONDS / SECONDS_A_CALL)
    weir = bench.start_weir("enrich", executors, WEIR_EXECUTOR_EXCHANGES=str(CALLS))
    try:
        warm_up(weir)
        started = time.monotonic()
        request = weir.submit([f"object-{number:07d}" for number in range(runs)])
        seconds = weir.wait(request, runs, TIMEOUT) - started
        check_rows(bench, request, runs)
    finally:
        weir.close()
        bench.cluster.drop("enrich")
    return {"runs": runs, "seconds": seconds, "runs_per_second": runs / seconds}
