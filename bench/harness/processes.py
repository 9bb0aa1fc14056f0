"""Child processes that never outlive us: each has an end of its own, and the kernel ends it if we are killed."""

import ctypes
import os
import pathlib
import signal
import socket
import subprocess
import time

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class BenchError(Exception):
    """Why a measurement could not be made, in a sentence for people."""


def postgres_account() -> str | None:
    """The account for Postgres, which refuses to be root; None when we are an ordinary user."""
    return "postgres" if os.geteuid() == 0 else None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Child:
    """A process with its output in a log file; `close` ends it, waits for it, and does nothing when it has ended."""

    def __init__(self, command, log: pathlib.Path, environment=None, user=None, end_signal=signal.SIGTERM):
        self.name = pathlib.Path(command[0]).name
        self.log = log
        self.end_signal = end_signal
        parent = os.getpid()

        def die_with_parent():
            _libc.prctl(PR_SET_PDEATHSIG, end_signal)
            if os.getppid() != parent:  # it was gone before the kernel knew
                os._exit(1)

        with log.open("ab") as output:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment,
                # Ctrl-C reaches us alone; children are ended in order.
                start_new_session=True, preexec_fn=die_with_parent,
                **({"user": user, "group": user, "extra_groups": []} if user else {}),
            )
        self.pid = self.process.pid

    def check(self) -> None:
        """Raises BenchError with its last words if it has ended."""
        if self.process.poll() is not None:
            raise BenchError(f"{self.name} ended with status {self.process.returncode}: {last_lines(self.log)}")

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(self.end_signal)
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def run(command, environment=None, user=None, input_text=None, timeout=600) -> str:
    """Runs a program to its end and gives its standard output; BenchError with its last words if it fails."""
    done = subprocess.run(
        [str(part) for part in command], env=environment, input=input_text, capture_output=True, text=True,
        timeout=timeout, start_new_session=True,
        **({"user": user, "group": user, "extra_groups": []} if user else {}),
    )
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip()[-500:]
        raise BenchError(f"{pathlib.Path(command[0]).name} failed with status {done.returncode}: {words}")
    return done.stdout


def wait_until(what: str, condition, timeout=60.0, children=()) -> None:
    """Polls until `condition` holds, as long as the children live."""
    deadline = time.monotonic() + timeout
    while not condition():
        for child in children:
            child.check()
        if time.monotonic() > deadline:
            raise BenchError(f"waited {timeout:.0f} s in vain for {what}")
        time.sleep(0.02)


def last_lines(log: pathlib.Path, characters=500) -> str:
    return log.read_text(errors="replace").strip()[-characters:]
