"""What limits that are exact cost: how much of a limit is used under one and under four executors, as the API counts it.

The ideal is the limit itself: N calls in flight at a delay of D are N/D calls a second, and N calls a second are N."""

import pathlib
import statistics
import time

from .enrich import Bench, TIMEOUT, warm_up
from .processes import BenchError, wait_until
from .weir import apply_catalogue

DATABASE = "limits"
EXECUTORS = (1, 4)
IN_FLIGHT = 64
PER_SECOND = 500
SECONDS = 9.6  # of each measurement, when the limit is used to the full; whole rounds of 64 calls at both delays
SETTLING = 2.5  # seconds: executors renew their permits once a second, and hand calls over to others by two of these
CASES = {
    f"{IN_FLIGHT} in flight, API 20ms": {"delay": "20ms", "seconds": 0.020},
    f"{IN_FLIGHT} in flight, API 200ms": {"delay": "200ms", "seconds": 0.200},
    f"{PER_SECOND} per second, API 20ms": {"delay": "20ms", "seconds": 0.020, "rate": PER_SECOND},
}


def measure(bench: Bench, rounds: int) -> list[dict]:
    """All cases with one and with four executors, in turns, each on a fresh database."""
    return [
        {"case": name, "executors": executors, **measure_one(bench, case, executors)}
        for _ in range(rounds) for name, case in CASES.items() for executors in EXECUTORS
    ]


def measure_one(bench: Bench, case: dict, executors: int) -> dict:
    bench.cluster.drop(DATABASE)
    bench.create_database(DATABASE)
    limits = {"concurrency": IN_FLIGHT} | ({"rate": f"{case['rate']}/s"} if "rate" in case else {})
    apply_catalogue(bench.binaries, bench.cluster.url(DATABASE), f"{bench.api_url}/counted/{case['delay']}",
                    bench.receiver.url, **{f"sources.answers.{key}": value for key, value in limits.items()})
    runs = round(SECONDS * case["rate"]) if "rate" in case else round(SECONDS / case["seconds"]) * IN_FLIGHT
    weir = bench.start_weir(DATABASE, executors)
    log = bench.directory / "api" / "calls.log"
    try:
        warm_up(weir)
        time.sleep(2)  # nothing of the warm-up counts in the window of a rate any more
        started = time.monotonic()
        weir.wait(weir.submit([f"object-{number:07d}" for number in range(runs)]), runs, TIMEOUT)
        seconds = time.monotonic() - started
        calls: list[tuple[float, float]] = []

        def has_all() -> bool:
            calls[:] = read_calls(log)
            return len(calls) >= runs

        wait_until("the API's log", has_all, timeout=10)
    finally:
        weir.close()
        bench.cluster.drop(DATABASE)
        log.write_text("")
    if len(calls) != runs:
        raise BenchError(f"limits: the API was called {len(calls)} times for {runs} runs")
    return {"runs": runs, "seconds": seconds} | judge(calls, case)


def read_calls(log: pathlib.Path) -> list[tuple[float, float]]:
    """When each call began and ended, as nginx counts it: to the millisecond."""
    calls = []
    # A part of a line may stand at the end: nginx writes what its buffer holds.
    for line in log.read_text().splitlines():
        fields = line.split(" ")
        if len(fields) == 4 and "/object-" in fields[2]:
            ended = float(fields[0])
            calls.append((ended - float(fields[1]), ended))
    return calls


def judge(calls: list[tuple[float, float]], case: dict) -> dict:
    """The share of the limit that is used: once it is settled who makes how many calls, and from the first call to the last."""
    starts = sorted(start for start, _ in calls)
    ends = sorted(end for _, end in calls)
    own = sum(end - start for start, end in calls) / len(calls)
    found = {"most_in_flight": most_in_flight(calls), "most_per_second": most_within(starts, 1.0), "api_ms": own * 1000}
    if "rate" in case:
        rate = PER_SECOND / mean_gap(starts, PER_SECOND)
        return found | {"calls_per_second": rate, "share": rate / PER_SECOND}
    settled = [end for end in ends[:len(ends) * 9 // 10] if end > starts[0] + SETTLING]
    rate = IN_FLIGHT / mean_gap(settled, IN_FLIGHT)
    ideal = IN_FLIGHT / case["seconds"]
    return found | {
        "calls_per_second": rate,
        "share": rate / ideal,
        "share_of_all": len(calls) / (ends[-1] - starts[0]) / ideal,
        # Of what the API allows by its own clock: a timer of 20 ms takes it a little longer.
        "share_of_api": rate / (IN_FLIGHT / own),
    }


def mean_gap(moments: list[float], count: int) -> float:
    """How long it takes until so many have come again, wherever one begins to count: they come in bursts."""
    return statistics.mean(later - first for first, later in zip(moments, moments[count:], strict=False))


def most_in_flight(calls: list[tuple[float, float]]) -> int:
    """At a millisecond's resolution: a call that begins in the millisecond in which another ends is not beside it."""
    events = sorted([(round(start * 1000) + 1, 1) for start, _ in calls] + [(round(end * 1000), -1) for _, end in calls])
    most = now = 0
    for _, change in events:
        now += change
        most = max(most, now)
    return most


def most_within(starts: list[float], seconds: float) -> int:
    """The most calls that began in any stretch of time."""
    most = first = 0
    for last, start in enumerate(starts):
        while start - starts[first] > seconds - 0.001:
            first += 1
        most = max(most, last - first + 1)
    return most
