"""The main job: enrichments from the request until the signed webhook, on real processes."""

import contextlib
import dataclasses
import http.client
import pathlib
import statistics
import time
import urllib.parse

from .cluster import Cluster
from .usage import PeakMemory
from .webhook import WebhookReceiver
from .weir import SERVICES, Weir, apply_catalogue, migrate

TEMPLATE = "weir_template"
WARM_UP_RUNS = 500
TIMEOUT = 900.0
BATCH_RUNS = 100  # what "per batch" refers to: the batches of floor and baseline


@dataclasses.dataclass
class Bench:
    """What all parts work with."""

    binaries: pathlib.Path
    directory: pathlib.Path
    cluster: Cluster
    receiver: WebhookReceiver
    api_url: str

    def prepare(self) -> None:
        """A migrated database that the others are copies of."""
        self.cluster.create(TEMPLATE)
        migrate(self.binaries, self.cluster.url(TEMPLATE))

    def create_database(self, name: str, delay="0ms") -> None:
        self.cluster.drop(name)
        self.cluster.create(name, TEMPLATE)
        apply_catalogue(self.binaries, self.cluster.url(name), f"{self.api_url}/{delay}", self.receiver.url)
        self.cluster.sql(name, "checkpoint")

    def start_weir(self, database: str, executors=1, **settings: str) -> Weir:
        return Weir(self.binaries, self.cluster, database, self.receiver, self.directory, executors, settings)


def warm_up(weir: Weir) -> None:
    """Statements are prepared and connections open, as in a service that has run for a while."""
    names = [f"warm-up-{number}" for number in range(WARM_UP_RUNS)]
    weir.wait(weir.submit(names), len(names), TIMEOUT)
    weir.wait(weir.submit(["warm-up"]), 1, TIMEOUT)
    time.sleep(0.5)


def no_change(_cluster: Cluster, _database: str) -> None:
    """What is measured is what people run."""


def measure(bench: Bench, runs: int, delay: str, with_memory=False, prepare=no_change, check=no_change) -> dict:
    """One request of `runs` objects on a fresh database, which `prepare` may change before and `check` look at afterwards.

    Summing up the pages of processes takes time of the same cores, so memory is sampled only where nothing is compared."""
    bench.create_database("enrich", delay)
    prepare(bench.cluster, "enrich")
    weir = bench.start_weir("enrich")
    try:
        warm_up(weir)
        names = [f"object-{number:07d}" for number in range(runs)]
        postgres = bench.cluster.group
        peaks: dict[str, int] = {}
        with sampled(weir, bench.cluster, peaks) if with_memory else contextlib.nullcontext():
            counters, weir_cpu, postgres_cpu = weir.counters(), weir.group.cpu_seconds(), postgres.cpu_seconds()
            started = time.monotonic()
            request = weir.submit(names)
            accepted = time.monotonic()
            ended = weir.wait(request, runs, TIMEOUT)
            weir_cpu, postgres_cpu = weir.group.cpu_seconds() - weir_cpu, postgres.cpu_seconds() - postgres_cpu
            counters = {name: value - counters[name] for name, value in weir.counters().items()}
        check_rows(bench, request, runs)
        check(bench.cluster, "enrich")
    finally:
        weir.close()
        bench.cluster.drop("enrich")
    seconds = ended - started
    return {
        "runs": runs,
        "seconds": seconds,
        "runs_per_second": runs / seconds,
        "accepted_after_seconds": accepted - started,
        "weir_cpu_ms_per_run": weir_cpu * 1000 / runs,
        "postgres_cpu_ms_per_run": postgres_cpu * 1000 / runs,
        "statements_per_run": counters["weir_postgres_statements_total"] / runs,
        "round_trips_per_batch": counters["weir_postgres_round_trips_total"] * BATCH_RUNS / runs,
    } | peaks


@contextlib.contextmanager
def sampled(weir: Weir, cluster: Cluster, peaks: dict[str, int]):
    """Notes the most memory that the processes of Weir and of Postgres take meanwhile."""
    with PeakMemory(weir.group) as weir_memory, PeakMemory(cluster.group, interval=0.5) as postgres_memory:
        yield
    peaks |= {"weir_peak_pss_bytes": weir_memory.bytes, "postgres_peak_pss_bytes": postgres_memory.bytes}


def check_rows(bench: Bench, request: str, runs: int) -> None:
    """What the webhook says is what the tables hold."""
    found = bench.cluster.sql("enrich", f"""
        select count(distinct r.id), count(distinct r.object_id), count(v.run_id)
        from run_queue r left join value v on v.run_id = r.id
        where r.activity_request_id = '{request}' and r.state = 'done'""")
    if found != f"{runs}|{runs}|{runs * 5}":
        raise AssertionError(f"rows are missing: runs|objects|values are {found}, wanted {runs}|{runs}|{runs * 5}")


def measure_latency(bench: Bench, requests: int) -> dict:
    """Requests of a single run, one after the other, on a system that has nothing else to do."""
    bench.create_database("latency")
    weir = bench.start_weir("latency")
    try:
        warm_up(weir)
        seconds = []
        for number in range(requests):
            time.sleep(0.05)
            started = time.monotonic()
            request = weir.submit([f"single-{number}"])
            seconds.append(weir.wait(request, 1, 60) - started)
        api_seconds = measure_api(bench, requests)
    finally:
        weir.close()
        bench.cluster.drop("latency")
    seconds.sort()
    median = statistics.median(seconds)
    return {
        "requests": requests,
        "median_ms": median * 1000,
        "p90_ms": seconds[requests * 9 // 10] * 1000,
        "api_median_ms": api_seconds * 1000,
        "median_beyond_api_ms": (median - api_seconds) * 1000,
    }


def measure_api(bench: Bench, calls: int) -> float:
    """The median time of one call to the API by itself, on a kept connection."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(bench.api_url).netloc, timeout=60)
    seconds = []
    for number in range(calls):
        started = time.monotonic()
        connection.request("GET", f"/0ms/objects/single-{number}")
        connection.getresponse().read()
        seconds.append(time.monotonic() - started)
    connection.close()
    return statistics.median(seconds)
