"""What states cost: enrichments with the validation of transitions and their history, and without both.

The switch stands here and nowhere else. Counters stay on, because requests end by them."""

import statistics

from . import enrich, report
from .cluster import Cluster
from .processes import BenchError

TABLES = ("run_queue", "run_request", "activity_request", "workflow_request")
TRIGGERS = ("record_insert", "record_update")
KEPT = "states kept"
DISABLED = "states disabled"


def disable(cluster: Cluster, database: str) -> None:
    """Neither validates transitions nor writes history any more."""
    cluster.sql(database, *(
        f"alter table public.{table} disable trigger {trigger}" for table in TABLES for trigger in TRIGGERS))


def check_kept(cluster: Cluster, database: str) -> None:
    """Every run and every request has a history, from its birth to its end."""
    check(cluster, database, "every row has a history", f"""
        select count(*) from (
            {" union all ".join(f"select id, state::text from public.{table}" for table in TABLES)}) as row
        where not exists (select from public.state_history as h where h.entity_id = row.id and h.from_state is null)
           or not exists (select from public.state_history as h where h.entity_id = row.id and h.to_state = row.state)""")


def check_disabled(cluster: Cluster, database: str) -> None:
    """The switch was off from the first request on."""
    check(cluster, database, "there is no history", "select count(*) from public.state_history")


def check(cluster: Cluster, database: str, what: str, count_of_others: str) -> None:
    if (found := cluster.sql(database, count_of_others)) != "0":
        raise BenchError(f"states: it does not hold that {what}: {found} rows")


def measure_pair(bench: enrich.Bench, runs: int, number: int) -> list[tuple[str, dict]]:
    """Both, one after the other; who comes first changes from round to round."""
    kept = (KEPT, {"check": check_kept})
    disabled = (DISABLED, {"prepare": disable, "check": check_disabled})
    order = (kept, disabled) if number % 2 else (disabled, kept)
    return [(part, enrich.measure(bench, runs, "0ms", **change)) for part, change in order]


def summarize(kept: list[dict], disabled: list[dict]) -> dict:
    """The share of the throughput that states cost: of each round, because its two measurements stand side by side."""
    shares = [1 - one["runs_per_second"] / other["runs_per_second"] for one, other in zip(kept, disabled, strict=True)]
    return {
        "kept": report.medians(kept),
        "disabled": report.medians(disabled),
        "share": statistics.median(shares),
        "shares": shares,
    }
