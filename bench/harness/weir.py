"""An instance of Weir: the real executables on a database of their own, and its HTTP API."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import tempfile
import urllib.request

from .cluster import Cluster
from .processes import BenchError, Child, free_port, run, wait_until
from .usage import ProcessGroup
from .webhook import WebhookReceiver

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
CATALOGUE = REPOSITORY / "bench" / "catalogue.yaml"
SERVICES = ("bus", "intake", "executor", "processor", "delivery", "scheduler")
COUNTERS = ("weir_postgres_statements_total", "weir_postgres_round_trips_total")


def environment(**own: str) -> dict[str, str]:
    """Ours without the settings of a Weir that somebody has set up here."""
    return {name: value for name, value in os.environ.items() if not re.match("WEIR_|PG", name)} | own


def migrate(binaries: pathlib.Path, url: str) -> None:
    run([binaries / "weir", "migrate", "up", "--database-url", url, "--migrations", REPOSITORY / "migrations"],
        environment=environment())


def apply_catalogue(binaries: pathlib.Path, url: str, api_url: str, webhook_url: str, **changes) -> None:
    """The benchmarks' catalogue, with values in it replaced by their paths."""
    changes = {"sources.answers.base_url": api_url, "webhook_endpoints.receiver.url": webhook_url} | changes
    overrides = [part for path, value in changes.items() for part in ("--set", f"{path}={value}")]
    run([binaries / "weir", "apply", "-f", CATALOGUE, "--database-url", url, *overrides], environment=environment())


class Weir:
    """All services, started on construction and ready afterwards; `close` ends them."""

    def __init__(self, binaries: pathlib.Path, cluster: Cluster, database: str, receiver: WebhookReceiver,
                 directory: pathlib.Path, executors: int, settings: dict[str, str]):
        self._receiver = receiver
        self._stack = contextlib.ExitStack()
        url = cluster.url(database)
        self._key = run([binaries / "weir", "key", "create", "--org", "bench", "--name", "bench",
                         "--database-url", url], environment=environment()).strip()
        sockets = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="bus-", dir=directory))
        self._port = free_port()
        processes = [*SERVICES, *["executor"] * (executors - 1)]
        self._health = [(service, free_port()) for service in processes]
        shared = environment(
            WEIR_BUS_ENDPOINTS=f"ipc://{sockets}/bus", WEIR_BUS_EVENTS=f"ipc://{sockets}/events",
            WEIR_HTTP_PORT=str(self._port), WEIR_PUBLIC_URL=f"http://127.0.0.1:{self._port}",
            WEIR_SIGNING_KEY="0123456789abcdef0123456789abcdef", WEIR_OUTBOUND_ALLOW="127.0.0.0/8",
            WEIR_SECRET_BENCH_WEBHOOK=receiver.secret, WEIR_LOG_LEVEL="warning", **settings)
        self.children = []
        try:
            for service, port in self._health:
                own = {"WEIR_HEALTH_PORT": str(port)}
                if service != "bus":
                    own["WEIR_DATABASE_URL"] = cluster.url(database, f"weir_{service}")
                child = Child([str(binaries / f"weir-{service}")], directory / f"weir-{service}.log", shared | own)
                self._stack.callback(child.close)
                self.children.append(child)
            for service, port in self._health:
                wait_until(f"weir-{service}", lambda port=port: self._is_ready(port), children=self.children)
            wait_until("intake's HTTP interface", self._is_open, children=self.children)
        except BaseException:
            self._stack.close()
            raise
        self.group = ProcessGroup([child.pid for child in self.children])
        self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)

    def _is_open(self) -> bool:
        return self._is_ready(self._port, "healthz")

    @staticmethod
    def _is_ready(port: int, path="readyz") -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def submit(self, names: list[str]) -> str:
        """Sends one enrichment request; gives its id."""
        body = json.dumps({"activity": "enrich", "objects": names})
        self._connection.request("POST", "/v1/activity-requests", body, {
            "authorization": f"Bearer {self._key}", "content-type": "application/json"})
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status != 202:
            raise BenchError(f"intake answered {answer.status}: {text[:500].decode(errors='replace')}")
        return json.loads(text)["id"]

    def wait(self, request: str, runs: int, timeout: float) -> float:
        """Waits for the request's webhook; gives the moment when it came. Every run has to have succeeded."""
        moment, outcome = self._receiver.wait(request, timeout, lambda: [child.check() for child in self.children])
        if outcome.get("done") != runs or outcome.get("total") != runs:
            raise BenchError(f"of {runs} runs not all succeeded: {outcome}")
        return moment

    def counters(self) -> dict[str, float]:
        """The statements executed and the round trips made to Postgres so far, of all services together."""
        sums = dict.fromkeys(COUNTERS, 0.0)
        for _, port in self._health:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                for line in answer.read().decode().splitlines():
                    name, _, value = line.rpartition(" ")
                    if name in sums:
                        sums[name] += float(value)
        return sums

    def close(self) -> None:
        self._connection.close()
        self._stack.close()
