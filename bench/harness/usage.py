"""CPU and memory of groups of processes, as Linux accounts for them in /proc."""

import os
import pathlib
import threading
import time

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
SAMPLING_SHARE = 0.04  # of one core, at most: summing up the pages of a large process takes milliseconds


class ProcessGroup:
    """Processes that are counted together: those given, and the children of `parent` while there are some."""

    def __init__(self, pids=(), parent: int | None = None):
        self._pids = list(pids)
        self._parent = parent

    def pids(self) -> list[int]:
        if self._parent is None:
            return self._pids
        try:
            children = pathlib.Path(f"/proc/{self._parent}/task/{self._parent}/children").read_text()
        except OSError:
            children = ""
        return [*self._pids, self._parent, *map(int, children.split())]

    def cpu_seconds(self) -> float:
        """User and system time so far, of children that have ended too."""
        ticks = 0
        for pid in self.pids():
            try:
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has ended: its parent's fields have it now
            ticks += sum(int(field) for field in fields[11:15])  # utime, stime, cutime, cstime: proc(5)
        return ticks / TICKS_PER_SECOND

    def pss_bytes(self) -> int:
        """The proportional set size: memory shared by n processes counts as 1/n in each."""
        total = 0
        for pid in self.pids():
            try:
                with open(f"/proc/{pid}/smaps_rollup") as rollup:
                    total += sum(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
            except (OSError, ValueError):
                continue  # it has ended meanwhile
        return total * 1024


class PeakMemory:
    """Samples a group's memory while the `with` block runs, as often as its share of a core allows, and at the end."""

    def __init__(self, group: ProcessGroup, interval=0.1):
        self._group = group
        self._interval = interval
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self.bytes = 0

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()
        self._take()

    def _take(self) -> float:
        started = time.thread_time()
        self.bytes = max(self.bytes, self._group.pss_bytes())
        return time.thread_time() - started

    def _sample(self) -> None:
        pause = 0.0
        while not self._ended.wait(pause):
            pause = max(self._interval, self._take() / SAMPLING_SHARE)
