"""What mapping costs beside jq and Postgres's own jsonpath: the same documents, in turns within one run, by CPU time.

Each takes five values out of every document. jq and Weir read text; Postgres is measured twice, because a raw answer arrives as text
and rows may be jsonb already."""

import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess

from .cluster import Cluster
from .processes import BenchError, run

DOCUMENTS = 20_000
DATABASE = "mapping"
# Weir's plan in bench/MappingBench, and the same for the others.
TASKS = {
    "exact paths": {
        "plan": "run's own object, exact paths",
        "jq": "[.company | .name, .employees.count, .location.country, .finance.revenue.amount, .technologies]",
        "jsonpath": ("$.company.name", "$.company.employees.count", "$.company.location.country",
                     "$.company.finance.revenue.amount", "$.company.technologies"),
    },
    "one path with **": {
        "plan": "run's own object, one path with **",
        "jq": "[(.company | .name, .employees.count, .location.country, .finance.revenue.amount), [.. | .email? // empty]]",
        # Lax mode would find what lies in arrays twice.
        "jsonpath": ("$.company.name", "$.company.employees.count", "$.company.location.country",
                     "$.company.finance.revenue.amount", "strict $.**.email"),
    },
}
RIVALS = ("jq", "jsonpath of text", "jsonpath of jsonb")


def find_jq() -> str:
    jq = shutil.which("jq")
    if jq is None:
        raise BenchError("jq is not installed; scripts/setup --bench installs it")
    return jq


def write_documents(program: pathlib.Path, path: pathlib.Path) -> None:
    """One document a line: the sample with ids, names and numbers of its own."""
    sample = run([program, "sample"]).strip()
    with path.open("w") as file:
        for number in range(DOCUMENTS):
            document = sample.replace("48211", str(48_211 + number)).replace("Northwind", f"Northwind {number}")
            file.write(document.replace('1240', str(number + 1)) + "\n")


def load(cluster: Cluster, documents: pathlib.Path) -> None:
    cluster.drop(DATABASE)
    cluster.create(DATABASE)
    # Inside of its row and as it is: else each of the five paths would have to uncompress the document by itself.
    cluster.sql(DATABASE, "create table document (body text not null, parsed jsonb)",
                "alter table document alter column body set storage plain, alter column parsed set storage plain")
    # CSV with quotes and separators that no JSON text holds: COPY's own text format would read backslashes.
    run([cluster.binaries / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", cluster.url(DATABASE), "-c",
         "copy document (body) from stdin with (format csv, delimiter e'\\x01', quote e'\\x02')"],
        environment={**os.environ, "PGOPTIONS": ""}, input_text=documents.read_text())
    cluster.sql(DATABASE, "update document set parsed = body::jsonb", "vacuum full analyze document")


def cpu_of_weir(program: pathlib.Path, documents: pathlib.Path, task: dict) -> float:
    return json.loads(run([program, "map", documents, task["plan"]]))["cpu_seconds"]


def cpu_of_jq(jq: str, documents: pathlib.Path, task: dict) -> float:
    """User and system time of the whole process: starting takes it a few milliseconds."""
    with documents.open("rb") as text:
        child = subprocess.Popen([jq, "-c", task["jq"]], stdin=text, stdout=subprocess.PIPE)
        lines = sum(1 for _ in child.stdout)
        _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode or lines != DOCUMENTS:
        raise BenchError(f"jq ended with status {child.returncode} after {lines} of {DOCUMENTS} documents")
    return usage.ru_utime + usage.ru_stime


def seconds_of_jsonpath(cluster: Cluster, task: dict, column: str) -> float:
    """The time of the query alone, on one core, as the server tells it."""
    paths = [f"jsonb_path_query_array({column}, '{path}')" if "**" in path else f"jsonb_path_query_first({column}, '{path}')"
             for path in task["jsonpath"]]
    columns = ", ".join(f"{path} as v{number}" for number, path in enumerate(paths))
    counts = ", ".join(f"count(v{number})" for number in range(len(paths)))
    source = "(select body::jsonb as parsed from document offset 0) as d" if column == "parsed" else "document"
    query = f"select {counts} from (select {columns} from {source} offset 0) as v"
    settings = ("set max_parallel_workers_per_gather = 0", "set jit = off")
    found = cluster.sql(DATABASE, *settings, query)
    if found != "|".join([str(DOCUMENTS)] * len(paths)):
        raise BenchError(f"jsonpath found {found} values in {DOCUMENTS} documents")
    plan = cluster.sql(DATABASE, *settings, f"explain (analyze, timing off, costs off) {query}")
    return float(re.search(r"Execution Time: ([0-9.]+) ms", plan).group(1)) / 1000


def measure(binaries: pathlib.Path, directory: pathlib.Path, cluster: Cluster, rounds: int) -> dict:
    """Documents per second of each by task, medians of rounds in which they take turns, and how many times as fast Weir is."""
    program = binaries / "MappingBench"
    jq = find_jq()
    documents = directory / "documents.ndjson"
    write_documents(program, documents)
    load(cluster, documents)
    tasks = {}
    for name, task in TASKS.items():
        turns = []
        for _ in range(rounds):
            seconds = {
                "weir": cpu_of_weir(program, documents, task),
                "jq": cpu_of_jq(jq, documents, task),
                "jsonpath of text": seconds_of_jsonpath(cluster, task, "parsed"),
                "jsonpath of jsonb": seconds_of_jsonpath(cluster, task, "document.parsed"),
            }
            turns.append({who: DOCUMENTS / spent for who, spent in seconds.items()})
        tasks[name] = {
            "rounds": turns,
            "documents_per_second": {who: statistics.median(turn[who] for turn in turns) for who in turns[0]},
            # Of each round, because its measurements stand side by side.
            "weir_times_as_fast": {
                rival: statistics.median(turn["weir"] / turn[rival] for turn in turns) for rival in RIVALS},
        }
    cluster.drop(DATABASE)
    return {
        "documents": DOCUMENTS, "document_bytes": documents.stat().st_size // DOCUMENTS,
        "jq_version": run([jq, "--version"]).strip(), "tasks": tasks,
    }
