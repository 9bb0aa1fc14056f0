#!/usr/bin/env python3
"""The work of Weir's `enrich` benchmark as a good engineer would write it by hand, instead of using Weir.

Reads object names, GETs each one from an API with bounded concurrency, parses the JSON, and stores batches of 100: one
run, one object and five values each, in a plain schema of its own with the keys one would have. No history, no
retries across restarts, no leases, no tenants. At the end one signed webhook (Standard Webhooks) tells the client.

    baseline.py --objects FILE --base-url URL --database-url URL --webhook-url URL [--count N] [--concurrency 64]

Each object is fetched from BASE_URL/objects/NAME. The webhook's secret comes from the environment variable named by
--webhook-secret-env. Prints one JSON line: {"runs", "seconds", "runs_per_second", "cpu_ms_per_run", "peak_rss", …}
with seconds from the first name read until the webhook was accepted, CPU of this process alone and bytes of memory.
"""

import argparse
import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import os
import resource
import sys
import time
import uuid

import aiohttp
import asyncpg

BATCH_RUNS = 100
DATAPOINTS = ("legal_name", "industry", "employees", "founded", "country")

SCHEMA = """
DROP SCHEMA IF EXISTS baseline CASCADE;
CREATE SCHEMA baseline;
CREATE TABLE baseline.datapoint (
    id smallint PRIMARY KEY,
    key text NOT NULL UNIQUE
);
CREATE TABLE baseline.object (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE baseline.run (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    object_id bigint NOT NULL REFERENCES baseline.object,
    http_status smallint NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz NOT NULL
);
CREATE INDEX ON baseline.run (object_id);
CREATE TABLE baseline.value (
    object_id bigint NOT NULL REFERENCES baseline.object,
    datapoint_id smallint NOT NULL REFERENCES baseline.datapoint,
    value jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (object_id, datapoint_id)
);
"""

# A name that comes again keeps its row; the ids come back in whatever order, so the name comes along.
INSERT_OBJECTS = """
INSERT INTO baseline.object (name) SELECT unnest($1::text[])
ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING name, id
"""
INSERT_RUNS = """
INSERT INTO baseline.run (object_id, http_status, started_at, finished_at)
SELECT o, s, to_timestamp(b), to_timestamp(e)
FROM unnest($1::bigint[], $2::smallint[], $3::double precision[], $4::double precision[]) AS t (o, s, b, e)
"""
INSERT_VALUES = """
INSERT INTO baseline.value (object_id, datapoint_id, value)
SELECT o, d, v::jsonb FROM unnest($1::bigint[], $2::smallint[], $3::text[]) AS t (o, d, v)
ON CONFLICT (object_id, datapoint_id) DO UPDATE SET value = excluded.value, updated_at = now()
"""


async def fetch(session, base_url, names, answers):
    """One of the concurrent callers: takes the next name, asks the API, hands the answer to the writers."""
    for name in names:
        started = time.time()
        async with session.get(f"{base_url}/objects/{name}") as response:
            response.raise_for_status()
            data = json.loads(await response.read())["data"]
            profile = data["profile"]
            row = (data["name"], response.status, started, time.time(), [profile[key] for key in DATAPOINTS])
        await answers.put(row)


async def write(pool, answers):
    """One of the writers: collects 100 answers and stores them in one transaction; None means that no more come."""
    batch = []
    more = True
    while more:
        answer = await answers.get()
        more = answer is not None
        if more:
            batch.append(answer)
        if batch and (len(batch) == BATCH_RUNS or not more):
            await store(pool, batch)
            batch = []


async def store(pool, batch):
    batch.sort()  # everyone locks names in the same order, so that two batches never deadlock
    names = list(dict.fromkeys(row[0] for row in batch))
    async with pool.acquire() as connection, connection.transaction():
        ids = {row["name"]: row["id"] for row in await connection.fetch(INSERT_OBJECTS, names)}
        await connection.execute(
            INSERT_RUNS,
            [ids[row[0]] for row in batch],
            [row[1] for row in batch],
            [row[2] for row in batch],
            [row[3] for row in batch],
        )
        values = {
            (ids[row[0]], number): json.dumps(value)
            for row in batch
            for number, value in enumerate(row[4], start=1)
        }
        await connection.execute(
            INSERT_VALUES,
            [object_id for object_id, _ in values],
            [datapoint_id for _, datapoint_id in values],
            list(values.values()),
        )


async def deliver(session, url, secret, runs):
    """Posts the outcome, signed after Standard Webhooks."""
    body = json.dumps({"type": "enrichment.completed", "data": {"runs": runs, "failed": 0}}).encode()
    message_id, timestamp = f"msg_{uuid.uuid4().hex}", str(int(time.time()))
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    code = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    headers = {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": "v1," + base64.b64encode(code).decode(),
    }
    async with session.post(url, data=body, headers=headers) as response:
        response.raise_for_status()


async def run(options, secret):
    pool = await asyncpg.create_pool(
        options.database_url, min_size=options.connections, max_size=options.connections
    )
    async with pool:
        async with pool.acquire() as connection:
            await connection.execute(SCHEMA)
            await connection.executemany(
                "INSERT INTO baseline.datapoint (id, key) VALUES ($1, $2)", enumerate(DATAPOINTS, start=1)
            )
        connector = aiohttp.TCPConnector(limit=options.concurrency)
        async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=30)) as session:
            cpu_before, started = time.process_time(), time.monotonic()
            with open(options.objects) as file:
                names = [line.strip() for line in itertools.islice(file, options.count)]
            answers = asyncio.Queue(maxsize=BATCH_RUNS * options.connections * 2)
            async with asyncio.TaskGroup() as writers:
                for _ in range(options.connections):
                    writers.create_task(write(pool, answers))
                async with asyncio.TaskGroup() as callers:
                    queue = iter(names)  # shared: each caller takes the next
                    for _ in range(options.concurrency):
                        callers.create_task(fetch(session, options.base_url, queue, answers))
                for _ in range(options.connections):
                    await answers.put(None)
            if options.webhook_url:
                await deliver(session, options.webhook_url, secret, len(names))
            seconds, cpu = time.monotonic() - started, time.process_time() - cpu_before
        stored = await pool.fetchrow(
            "SELECT (SELECT count(*) FROM baseline.run) runs, (SELECT count(*) FROM baseline.object) objects,"
            " (SELECT count(*) FROM baseline.value) \"values\""
        )
    return {
        "runs": len(names),
        "seconds": round(seconds, 3),
        "runs_per_second": round(len(names) / seconds, 1),
        "cpu_ms_per_run": round(cpu * 1000 / max(len(names), 1), 4),
        "peak_rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "stored": dict(stored),
        "concurrency": options.concurrency,
        "connections": options.connections,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", required=True, help="file with one object name per line")
    parser.add_argument("--base-url", required=True, help="objects are fetched from BASE_URL/objects/NAME")
    parser.add_argument("--database-url", required=True, help="a database where the schema 'baseline' may be replaced")
    parser.add_argument("--webhook-url", help="where the signed outcome is posted")
    parser.add_argument("--webhook-secret-env", default="BENCH_WEBHOOK_SECRET", help="variable with the whsec_ secret")
    parser.add_argument("--count", type=int, help="only the first COUNT names of the file")
    parser.add_argument("--concurrency", type=int, default=64, help="HTTP calls in flight (default 64)")
    parser.add_argument("--connections", type=int, default=4, help="connections to Postgres (default 4)")
    options = parser.parse_args()
    secret = os.environ.get(options.webhook_secret_env, "")
    if options.webhook_url and not secret.startswith("whsec_"):
        sys.exit(f"baseline.py: {options.webhook_secret_env} must hold the webhook's secret (whsec_…).")
    print(json.dumps(asyncio.run(run(options, secret))))


if __name__ == "__main__":
    main()
