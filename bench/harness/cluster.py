"""A Postgres cluster of our own in a temporary directory, reached over a Unix socket only."""

import os
import pathlib
import shutil
import signal
import subprocess

from .processes import BenchError, Child, postgres_account, run, wait_until
from .usage import ProcessGroup

# The settings of `weir up` (Services/CLI/Up/ClusterSettings.swift): durable, sized for one machine that runs everything.
SETTINGS = {
    "autovacuum_naptime": "15s",
    "checkpoint_timeout": "15min",
    "jit": "off",
    "max_connections": "120",
    "max_wal_size": "4GB",
    "random_page_cost": "1.1",
    "shared_buffers": "256MB",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "wal_buffers": "16MB",
    "wal_compression": "lz4",
}
OWNER = "weir"


def find_binaries() -> pathlib.Path:
    """The newest server's programs; Debian keeps them off the path."""
    versions = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if versions:
        return versions[-1].parent
    found = shutil.which("initdb")
    if found is None:
        raise BenchError("Postgres is not installed; scripts/setup --bench installs it")
    return pathlib.Path(found).resolve().parent


class Cluster:
    """Starts on construction; `close` stops it. Its directory is somebody else's to remove."""

    def __init__(self, directory: pathlib.Path, settings: dict[str, str]):
        self.settings = SETTINGS | settings
        self.binaries = find_binaries()
        self.socket = directory
        self.environment = {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "TZ": "UTC"}
        user = postgres_account()
        if user:
            shutil.chown(directory, user, user)
        data = directory / "data"
        run([self.binaries / "initdb", "--pgdata", data, "--username", OWNER, "--auth", "trust", "--encoding", "UTF8",
             "--locale", "C.UTF-8", "--no-sync"], environment=self.environment, user=user)
        own = {"listen_addresses": "", "unix_socket_directories": str(directory)}
        flags = [part for name, value in (self.settings | own).items() for part in ("-c", f"{name}={value}")]
        self.server = Child(
            [str(self.binaries / "postgres"), "-D", str(data), *flags], directory.parent / "postgres.log",
            environment=self.environment, user=user, end_signal=signal.SIGINT)
        wait_until("Postgres", self._answers, children=[self.server])
        self.group = ProcessGroup(parent=self.server.pid)
        self.version = self.sql("postgres", "show server_version")

    def _answers(self) -> bool:
        command = [str(self.binaries / "pg_isready"), "-q", "-h", str(self.socket)]
        return subprocess.run(command, check=False).returncode == 0

    def url(self, database: str, role: str = OWNER) -> str:
        return f"postgresql://{role}@/{database}?host={self.socket}"

    def sql(self, database: str, *statements: str) -> str:
        """Executes statements, each in a transaction of its own, as the superuser; gives the last rows, `|` between columns."""
        commands = [part for statement in statements for part in ("-c", statement)]
        return run([self.binaries / "psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-d", self.url(database), *commands],
                   environment={**os.environ, "PGOPTIONS": ""}).strip()

    def create(self, database: str, template: str = "template0") -> None:
        """Makes a database. What earlier ones left to be written is written first, so that nobody pays for others."""
        self.sql("postgres", f"create database {database} template {template}", "checkpoint")

    def drop(self, database: str) -> None:
        self.sql("postgres", f"drop database if exists {database} with (force)")

    def close(self) -> None:
        self.server.close()
