"""The table for people and the JSON for programs."""

import datetime
import json
import os
import pathlib
import platform
import re
import statistics


def host() -> dict:
    """The machine, as far as figures depend on it."""
    model = re.search(r"model name\s*: (.+)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text())
    return {
        "cpu": model.group(1) if model else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": int(memory.group(1)) * 1024 if memory else None,
        "kernel": platform.release(),
    }


def host_class(machine: dict) -> str:
    """A short word for machines whose figures compare: `2x-amd-epyc`."""
    model = re.sub(r"[^a-z0-9]+", "-", re.sub(r"\(.*?\)|CPU|@.*", "", machine["cpu"]).lower()).strip("-")
    return f"{machine['cores']}x-{model}"


def load() -> float:
    """Processes that wait for a core, over the last minute: with more than a few, only ratios mean something."""
    return os.getloadavg()[0]


def medians(rounds: list[dict]) -> dict:
    """The median of every number; other entries as they are in the first round."""
    return {
        key: value
        if not isinstance(value, int | float) or all(one[key] == value for one in rounds)
        else statistics.median(one[key] for one in rounds)
        for key, value in rounds[0].items()
    }


def write(directory: pathlib.Path, result: dict, parts=()) -> pathlib.Path:
    """Writes the JSON; one of some `parts` only is named after them, so that it stands beside that of the whole."""
    directory.mkdir(exist_ok=True)
    day = datetime.date.today().isoformat()
    path = directory / f"{'-'.join([day, host_class(result['host']), *parts])}.json"
    path.write_text(json.dumps(result, indent=2) + "\n")
    return path


def mebibytes(count: float) -> str:
    return f"{count / 2**20:,.0f} MiB"


def rows_of(result: dict) -> list[tuple[str, str, str]]:
    """Lines of the table: what, how much, and what it is measured by."""
    rows = []
    for delay, found in result.get("enrich", {}).items():
        rows += [
            (f"enrich, API {delay}", f"{found['runs_per_second']:,.0f} runs/s", f"{found['runs']:,.0f} runs"),
            ("  CPU per run, Weir", f"{found['weir_cpu_ms_per_run']:.3f} ms", "at most 0.15"),
            ("  CPU per run, Postgres", f"{found['postgres_cpu_ms_per_run']:.3f} ms", ""),
            ("  peak memory, Weir (PSS)", mebibytes(found["weir_peak_pss_bytes"]), "under 400"),
            ("  peak memory, Postgres (PSS)", mebibytes(found["postgres_peak_pss_bytes"]), ""),
            ("  statements per run", f"{found['statements_per_run']:.3f}", "far below 1"),
            ("  round trips per 100 runs", f"{found['round_trips_per_batch']:.1f}", ""),
        ]
    if "floor" in result:
        found = result["floor"]
        rows += [
            ("floor", f"{found['runs_per_second']:,.0f} runs/s", f"{found['runs']:,.0f} runs"),
            ("  CPU per run, Postgres", f"{found['postgres_cpu_ms_per_run']:.3f} ms", "per batch of 100, in one commit:"),
            *(("", "", statement) for statement in found["statements_per_batch"]),
        ]
    if "baseline" in result:
        found = result["baseline"]
        rows += [
            ("baseline", f"{found['runs_per_second']:,.0f} runs/s",
             f"{found['runs']:,.0f} runs, {found['concurrency']} calls at once"),
            ("  CPU per run, the script", f"{found['cpu_ms_per_run']:.3f} ms", ""),
            ("  CPU per run, Postgres", f"{found['postgres_cpu_ms_per_run']:.3f} ms", ""),
        ]
    if "states" in result:
        found = result["states"]
        shares = [f"{share:.1%}" for share in sorted(found["shares"])]
        for name, one in (("states kept", found["kept"]), ("states without validation and history", found["disabled"])):
            rows += [
                (name, f"{one['runs_per_second']:,.0f} runs/s", f"{one['runs']:,.0f} runs"),
                ("  CPU per run, Postgres", f"{one['postgres_cpu_ms_per_run']:.3f} ms", ""),
            ]
        rows += [
            ("  share of the runs/s that these cost", f"{found['share']:.1%}", f"below 25 %; by round {', '.join(shares)}"),
        ]
    goals = {"enrich/floor": "at least 0.6", "enrich/baseline": "above 1", "20ms/0ms": "at least 0.8"}
    rows += [(name, f"{value:.2f}", goals.get(name, "")) for name, value in result.get("ratios", {}).items()]
    if "latency" in result:
        found = result["latency"]
        rows += [
            ("latency of one run, median", f"{found['median_ms']:.1f} ms", f"{found['requests']} requests, idle system"),
            ("  90th percentile", f"{found['p90_ms']:.1f} ms", ""),
            ("  median beyond the API's own time", f"{found['median_beyond_api_ms']:.1f} ms", "under 15"),
        ]
    if "memory" in result:
        found = result["memory"]
        rows += [
            (f"one request of {found['runs']:,.0f} runs", f"{found['runs_per_second']:,.0f} runs/s", ""),
            ("  peak memory, Weir (PSS)", mebibytes(found["weir_peak_pss_bytes"]), "under 400"),
            ("  peak memory, Postgres (PSS)", mebibytes(found["postgres_peak_pss_bytes"]), ""),
        ]
    return rows + rows_of_limits(result) + rows_of_scale(result) + rows_of_deliveries(result) + rows_of_modules(result)


def rows_of_limits(result: dict) -> list[tuple[str, str, str]]:
    """How much of each limit is used, and the most that the API saw."""
    rows = []
    cases: dict[tuple, list] = {}
    for one in result.get("limits", []):
        cases.setdefault((one["case"], one["executors"]), []).append(one)
    for (case, executors), found in cases.items():
        shares = ", ".join(f"{one['share']:.1%}" for one in found)
        rows.append((f"limit, {case}, {executors} executor{'s' if executors > 1 else ''}",
                     f"{statistics.median(one['share'] for one in found):.1%}", f"above 90 %; by round {shares}"))
        if "share_of_api" in found[0]:
            rows.append(("  from the first call to the last",
                         f"{statistics.median(one['share_of_all'] for one in found):.1%}", "start and end included"))
            rows.append(("  of what the API's own time allows",
                         f"{statistics.median(one['share_of_api'] for one in found):.1%}",
                         f"{statistics.median(one['api_ms'] for one in found):.1f} ms a call"))
        if executors > 1 and (alone := cases.get((case, 1))):
            share = statistics.median(one["share"] for one in found) / statistics.median(one["share"] for one in alone)
            rows.append(("  beside one executor, that need not agree", f"{share:.1%}", "above 90 %"))
        most = "most_per_second" if "per second" in case else "most_in_flight"
        rows.append(("  the most at once" if most == "most_in_flight" else "  the most in a second",
                     f"{max(one[most] for one in found)}", "never over the limit"))
    return rows


def rows_of_scale(result: dict) -> list[tuple[str, str, str]]:
    """What further executors bring."""
    found = result.get("scale")
    if found is None:
        return []
    goals = {1: f"{found['calls_per_executor']} calls in flight per executor", 2: "1.90 times at least", 4: "3.60 times at least"}
    return [
        (f"API {found['delay']}, {count} executor{'s' if count > 1 else ''}", f"{rate:,.0f} runs/s",
         f"{found['times'][count]:.2f} times; {goals[count]}" if count > 1 else goals[count])
        for count, rate in found["runs_per_second"].items()
    ]


def rows_of_deliveries(result: dict) -> list[tuple[str, str, str]]:
    """Webhooks by the number of endpoints, and what dead ones cost the others."""
    rows = []
    cases: dict[int, list] = {}
    for one in result.get("deliveries", []):
        cases.setdefault(one["endpoints"], []).append(one)
    for endpoints, found in cases.items():
        name = f"webhooks, {endpoints:,} endpoint{'s' if endpoints > 1 else ''}"
        without = [one for one in found if not one["dead"]]
        rows += [
            (name, f"{statistics.median(one['per_second'] for one in without):,.0f} a second", "a backlog drains"),
            (f"  delay at {without[0]['rate']} a second, p50",
             f"{statistics.median(one['p50_ms'] for one in without):.1f} ms", "from the row to the record of its attempt"),
            ("  p99", f"{statistics.median(one['p99_ms'] for one in without):.1f} ms", ""),
        ]
        if dead := [one for one in found if one["dead"]]:
            # Those of a round stand side by side.
            ratios = [there["p99_ms"] / here["p99_ms"] for here, there in zip(without, dead, strict=True)]
            rows += [
                (f"  with {dead[0]['dead']} dead ones, p50", f"{statistics.median(one['p50_ms'] for one in dead):.1f} ms", ""),
                ("  p99 of the healthy ones", f"{statistics.median(one['p99_ms'] for one in dead):.1f} ms",
                 f"{statistics.median(ratios):.2f} times; goal: below 1.25; by round {', '.join(f'{one:.2f}' for one in ratios)}"),
                ("  a backlog of theirs drains", f"{statistics.median(one['per_second'] for one in dead):,.0f} a second", ""),
            ]
    if found := result.get("backlog"):
        rows += [
            (f"webhooks, {found['endpoints']} endpoints beside {found['backlog']:,} for another, p50", f"{found['p50_ms']:.1f} ms", ""),
            ("  p99", f"{found['p99_ms']:.1f} ms", ""),
        ]
    return rows


def rows_of_modules(result: dict) -> list[tuple[str, str, str]]:
    """The lines of BusBench and MappingBench."""
    rows = []
    found = result.get("bus", [])
    for size in sorted({one["body_bytes"] for one in found}):
        rounds = [one for one in found if one["body_bytes"] == size and one["bench"] == "throughput"]
        rows += [
            (f"bus, {size:,} bytes, through the broker",
             f"{statistics.median(one['broker_messages_per_second'] for one in rounds):,.0f}/s",
             "at least 100,000" if size == 200 else ""),
            ("  PUSH/PULL without a broker",
             f"{statistics.median(one['push_pull_messages_per_second'] for one in rounds):,.0f}/s", ""),
        ]
        rows += [
            ("  one way, median", f"{one['median_us']:,.0f} µs", "under 250" if size == 200 else "")
            for one in found if one["body_bytes"] == size and one["bench"] == "latency"
        ]
    for one in result.get("mapping", {}).get("results", []):
        rows.append((f"mapping, {one['plan']}, {one['format']}", f"{one['documents_per_second_median']:,.0f}/s",
                     "at least 150,000 per core"))
    beside = result.get("mapping", {}).get("side_by_side", {})
    for task, found in beside.get("tasks", {}).items():
        rows.append((f"mapping of {beside['documents']:,} documents, {task}",
                     f"{found['documents_per_second']['weir']:,.0f}/s", f"{beside['document_bytes']:,} bytes each"))
        rows += [(f"  {rival}", f"{found['documents_per_second'][rival]:,.0f}/s", f"Weir is {times:.1f} times as fast")
                 for rival, times in found["weir_times_as_fast"].items()]
    return rows


def table(result: dict) -> str:
    rows = rows_of(result)
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    return "\n".join(f"{name:<{first}}  {value:>{second}}  {note}".rstrip() for name, value, note in rows)
