"""Webhooks to few and to many endpoints, and what dead endpoints cost the healthy ones.

Rows are inserted as processors do it, at a steady rate and then as a backlog, and hints are sent as processors send them. A delivery's delay
is the time from its row to the record of its success, so that it holds the post and two statements. nginx takes every webhook; of the
dead endpoints half refuse connections, and half take them and never answer."""

import socket
import tempfile
import time

from .enrich import Bench, TIMEOUT
from .processes import BenchError, Child, free_port
from .weir import environment

DATABASE = "deliveries"
ENDPOINTS = (1, 10, 1_000)
RATE = 400  # a second, to healthy endpoints: far from what the machine can do, so that delays are not those of a queue
SECONDS = 6
BACKLOG = 20_000
HUGE_BACKLOG = 1_000_000
HINT = "dev.weir.request.completed.v1"


def measure(bench: Bench, rounds: int) -> list[dict]:
    """Each number of endpoints without dead ones and with 5 % of them, side by side, on fresh databases."""
    found = []
    with silence() as silent_port:
        for _ in range(rounds):
            for endpoints in ENDPOINTS:
                for dead in ((0, -(-endpoints // 20)) if endpoints > 1 else (0,)):
                    found.append(measure_one(bench, endpoints, dead, silent_port))
    return found


def measure_backlog(bench: Bench) -> dict:
    """Ten endpoints beside another one for which a million deliveries wait and are being posted."""
    with silence() as silent_port:
        return measure_one(bench, 10, 1, silent_port, HUGE_BACKLOG)


class silence:
    """A port that takes connections and never answers."""

    def __enter__(self) -> int:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=4096)
        return self._socket.getsockname()[1]

    def __exit__(self, *_) -> None:
        self._socket.close()


def measure_one(bench: Bench, endpoints: int, dead: int, silent_port: int, backlog=0) -> dict:
    """With a backlog, the dead ones are well, and it waits for the first of them."""
    bench.create_database(DATABASE)
    make_endpoints(bench, endpoints, dead, silent_port, backlog)
    if backlog:
        bench.cluster.sql(DATABASE, insertion(f"select {endpoints + 1} from generate_series(1, {backlog})"), "analyze public.delivery", "checkpoint")
    url = bench.cluster.url(DATABASE, "weir_delivery")
    with tempfile.TemporaryDirectory(prefix="bus-", dir=bench.directory) as sockets:
        shared = environment(
            WEIR_BUS_ENDPOINTS=f"ipc://{sockets}/bus", WEIR_BUS_EVENTS=f"ipc://{sockets}/events",
            WEIR_OUTBOUND_ALLOW="127.0.0.0/8", WEIR_SECRET_BENCH_WEBHOOK=bench.receiver.secret, WEIR_LOG_LEVEL="warning")
        children = []
        try:
            for service in ("bus", "delivery"):
                own = {"WEIR_HEALTH_PORT": str(free_port())} | ({} if service == "bus" else {"WEIR_DATABASE_URL": url})
                children.append(Child([str(bench.binaries / f"weir-{service}")], bench.directory / f"weir-{service}.log", shared | own))
            warm_up(bench, endpoints, children)
            started = now(bench)
            hints = Child(
                [str(bench.binaries / "weir"), "publish", HINT, "--key", "deliveries", "--data", "{}",
                 "--count", str((SECONDS + 1) * 100), "--rate", "100"], bench.directory / "hints.log", shared)
            insert_steadily(bench, endpoints, 0 if backlog else dead)
            wait_for(bench, endpoints, RATE * SECONDS, started, children)
            if hints.process.wait(timeout=60):
                hints.check()
            p50, p99 = (float(value) for value in bench.cluster.sql(DATABASE, f"""
                select percentile_disc(0.5) within group (order by ms), percentile_disc(0.99) within group (order by ms)
                from (select extract(epoch from d.delivered_at - d.created_at) * 1000 as ms
                      from public.delivery as d join bench_endpoint as e on e.id = d.webhook_endpoint_id
                      where e.number <= {endpoints} and d.created_at >= '{started}') as d""").split("|"))
            drained = None if backlog else drain(bench, endpoints, children)
        finally:
            for child in reversed(children):
                child.close()
            bench.cluster.drop(DATABASE)
    found = {"endpoints": endpoints, "rate": RATE, "p50_ms": p50, "p99_ms": p99}
    return found | ({"dead": dead, "per_second": BACKLOG / drained} if drained else {"backlog": backlog})


def make_endpoints(bench: Bench, endpoints: int, dead: int, silent_port: int, backlog: int) -> None:
    """Healthy ones first, then dead ones; `bench_endpoint` numbers them."""
    bench.cluster.sql(DATABASE, f"""
        create table bench_endpoint as
        with made as (
            insert into public.webhook_endpoint (org_id, key, url, secret_name)
            select o.id, 'endpoint_' || n,
                   case when n <= {endpoints} or {backlog} > 0 then '{bench.api_url}/webhooks/' || n
                        when n % 2 = 0 then 'http://127.0.0.1:{free_port()}/' else 'http://127.0.0.1:{silent_port}/' end, 'bench_webhook'
            from public.org as o cross join generate_series(1, {endpoints + dead}) as n
            where o.key = 'bench' returning id, org_id, substr(key, 10)::integer as number
        ) select * from made""",
        "create unique index on bench_endpoint (number)", "analyze bench_endpoint")


def insertion(numbers: str) -> str:
    """Inserts a delivery for each endpoint whose number a query `numbers(n)` gives."""
    return f"""
        insert into public.delivery (org_id, webhook_endpoint_id, event_type, payload)
        select e.org_id, e.id, 'webhook_endpoint.test', convert_to(repeat('x', 500), 'UTF8')
        from ({numbers}) as i(n) join bench_endpoint as e on e.number = i.n"""


def insert_steadily(bench: Bench, endpoints: int, dead: int) -> None:
    """A hundred transactions a second; the dead have as many as the others each."""
    per_second = RATE * (endpoints + dead) / endpoints
    bench.cluster.sql(DATABASE, f"""
        do $$
        declare
            begun timestamptz := clock_timestamp();
            made bigint := 0;
            due bigint;
        begin
            while clock_timestamp() < begun + interval '{SECONDS} seconds' or made < {per_second} * {SECONDS} loop
                due := least(floor(extract(epoch from clock_timestamp() - begun) * {per_second}), {per_second} * {SECONDS});
                {insertion(f"select k % {endpoints + dead} + 1 from generate_series(made, due - 1) as k")};
                commit;
                made := greatest(due, made);
                perform pg_sleep(0.01);
            end loop;
        end
        $$""")


def warm_up(bench: Bench, endpoints: int, children: list[Child]) -> None:
    """Each healthy endpoint has taken something, as in a service that has run for a while; of the dead nobody knows yet."""
    started = now(bench)
    bench.cluster.sql(DATABASE, insertion(f"select 1 + k % {endpoints} from generate_series(0, {max(endpoints, 200)} - 1) as k"))
    wait_for(bench, endpoints, max(endpoints, 200), started, children)


def drain(bench: Bench, endpoints: int, children: list[Child]) -> float:
    """Seconds until a backlog for the healthy endpoints is delivered, from its commit to the last success."""
    bench.cluster.sql(DATABASE, "checkpoint")
    started = now(bench)
    bench.cluster.sql(DATABASE, insertion(f"select 1 + k % {endpoints} from generate_series(0, {BACKLOG} - 1) as k"))
    committed = now(bench)
    wait_for(bench, endpoints, BACKLOG, started, children)
    return float(bench.cluster.sql(DATABASE, f"select extract(epoch from max(delivered_at) - '{committed}') from public.delivery"))


def now(bench: Bench) -> str:
    return bench.cluster.sql(DATABASE, "select clock_timestamp()")


def wait_for(bench: Bench, endpoints: int, count: int, since: str, children: list[Child]) -> None:
    """Until all that was made for healthy endpoints since then has been delivered."""
    deadline = time.monotonic() + TIMEOUT
    while True:
        delivered = int(bench.cluster.sql(DATABASE, f"""
            select count(*) from public.delivery as d join bench_endpoint as e on e.id = d.webhook_endpoint_id
            where e.number <= {endpoints} and d.created_at >= '{since}' and d.state = 'delivered'"""))
        if delivered >= count:
            return
        if time.monotonic() > deadline:
            raise BenchError(f"deliveries: {delivered} of {count} were delivered within {TIMEOUT:.0f} s")
        for child in children:
            child.check()
        time.sleep(0.2)
