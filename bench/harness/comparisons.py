"""What Weir is held against: the rows alone (floor), and the same work written by hand (baseline)."""

import json
import pathlib
import urllib.request

from .enrich import Bench
from .processes import run
from .weir import environment

BASELINE = pathlib.Path(__file__).resolve().parents[1] / "baseline" / "baseline.py"
BASELINE_CONCURRENCIES = (32, 64, 128, 256)


def measure_floor(bench: Bench, runs: int) -> dict:
    """The row writes of `runs` enrichments in batches of 100 over 8 connections (bench/FloorBench)."""
    answer = bench.directory / "answer.json"
    with urllib.request.urlopen(f"{bench.api_url}/0ms/objects/object-0000001", timeout=10) as response:
        answer.write_bytes(response.read())
    bench.create_database("floor")
    try:
        cpu = bench.cluster.group.cpu_seconds()
        result = json.loads(run([
            bench.binaries / "FloorBench", "--database-url", bench.cluster.url("floor"), "--answer", answer,
            "--runs", runs, "--batch", 100, "--connections", 8]))
        cpu = bench.cluster.group.cpu_seconds() - cpu
    finally:
        bench.cluster.drop("floor")
    # The warm-up is in the CPU time, so it is quoted per run of both.
    return result | {"postgres_cpu_ms_per_run": cpu * 1000 / (result["runs"] + 2 * 8 * 100)}


def measure_baseline(bench: Bench, runs: int, concurrency: int, python: pathlib.Path) -> dict:
    """The same work by a hand-written script (bench/baseline/baseline.py)."""
    names = bench.directory / "names.txt"
    names.write_text("".join(f"object-{number:07d}\n" for number in range(runs)))
    bench.cluster.drop("baseline")
    bench.cluster.create("baseline")
    try:
        cpu = bench.cluster.group.cpu_seconds()
        result = json.loads(run(
            [python, BASELINE, "--objects", names, "--base-url", f"{bench.api_url}/0ms", "--database-url",
             bench.cluster.url("baseline"), "--webhook-url", bench.receiver.url, "--concurrency", concurrency],
            environment=environment(BENCH_WEBHOOK_SECRET=bench.receiver.secret)))
        cpu = bench.cluster.group.cpu_seconds() - cpu
        bench.receiver.wait("", timeout=10)
    finally:
        bench.cluster.drop("baseline")
    return result | {"postgres_cpu_ms_per_run": cpu * 1000 / runs}
