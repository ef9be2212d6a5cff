"""What a load costs the server's machine: its process, where that runs here, looked at each second."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import psutil

from harness.measurement import ResourceMoment
from harness.target import Target

INTERVAL = 1.0
"""Seconds between two looks."""


@dataclass
class Watched:
    """What was seen of a server."""

    server: str
    """The names of its processes; empty where none was found."""
    looks: list[tuple[float, Look]] = field(default_factory=list)
    """By `time.monotonic`."""

    def moments(self, started: float) -> tuple[ResourceMoment, ...]:
        """Between one look and the next, on the axis of a load that started at that moment."""
        moments = []
        for (before, first), (after, second) in zip(self.looks, self.looks[1:], strict=False):
            span = after - before
            moments.append(
                ResourceMoment(
                    at=round(after - started, 3),
                    cpu=max(second.cpu - first.cpu, 0.0) / span,
                    memory=second.memory,
                    read=_rate(first.read, second.read, span),
                    written=_rate(first.written, second.written, span),
                    files=second.files,
                )
            )
        return tuple(moments)


@dataclass(frozen=True, slots=True)
class Look:
    """What all processes of a server had used up, and held, at one moment."""

    cpu: float
    """Seconds of processors since they began, those of children that have ended included."""
    memory: int
    """Resident bytes.  Pages that processes share are counted in each."""
    read: int | None
    written: int | None
    """Bytes from and to disks; None where the system does not say."""
    files: int | None
    """Open files and sockets."""


@contextlib.contextmanager
def watching(target: Target) -> Iterator[Watched]:
    """Look at the server of a target on this machine for as long as the context lasts.

    Whose process it is the listening port says; a target elsewhere, or a server of another user, is not seen.
    """
    servers = servers_at(target.dimse.port) if target.is_loopback() else ()
    watched = Watched(" and ".join(dict.fromkeys(_name(one) for one in servers)))
    if not servers:
        yield watched
        return
    is_over = threading.Event()
    thread = threading.Thread(
        target=_watch, args=(servers, watched, is_over.wait), name="watching", daemon=True
    )
    thread.start()
    try:
        yield watched
    finally:
        is_over.set()
        thread.join()


def _watch(servers: tuple[psutil.Process, ...], watched: Watched, is_over: Callable[[float], bool]) -> None:
    while True:
        seen = look(servers)
        if seen is None:
            return  # it has ended, and the load notices too
        watched.looks.append((time.monotonic(), seen))
        if is_over(INTERVAL):
            return


def servers_at(port: int) -> tuple[psutil.Process, ...]:
    """Who listens at a TCP port of this machine; of a family who share the socket, the first."""
    try:
        everybody = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        return ()  # macOS shows them to its administrator only
    found = dict.fromkeys(one.pid for one in everybody if one.pid is not None and _listens(one, port))
    processes: dict[int, psutil.Process] = {}
    for pid in found:
        with contextlib.suppress(psutil.Error):
            first = _first_who_listens(psutil.Process(pid), port)
            processes[first.pid] = first
    return tuple(processes.values())


def _listens(connection: Any, port: int) -> bool:
    return bool(
        connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
    )


def _first_who_listens(process: psutil.Process, port: int) -> psutil.Process:
    """Of a socket that was handed down to children, the system names any one holder."""
    parent = process.parent()
    while parent is not None and _holds(parent, port):
        process, parent = parent, parent.parent()
    return process


def _holds(process: psutil.Process, port: int) -> bool:
    try:
        return any(_listens(one, port) for one in process.net_connections("tcp"))
    except psutil.Error:
        return False  # another user's, such as the system's first process


def look(servers: tuple[psutil.Process, ...]) -> Look | None:
    """What they and all their children use now; None where all of them have ended."""
    family: list[psutil.Process] = []
    for server in servers:
        with contextlib.suppress(psutil.NoSuchProcess):
            family += [server, *server.children(recursive=True)]
    cpu, memory = 0.0, 0
    read: int | None = 0
    written: int | None = 0
    files: int | None = 0
    alive = 0
    for process in family:
        try:
            with process.oneshot():
                times = process.cpu_times()
                resident = process.memory_info().rss
        except psutil.NoSuchProcess:
            continue  # a child that ended just now: what it used is its parent's from here on
        except psutil.AccessDenied:
            continue
        alive += 1
        cpu += times.user + times.system
        # Not every system counts those of children that have ended.
        cpu += getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
        memory += resident
        moved, opened = _disk(process), _files(process)
        read = None if read is None or moved is None else read + moved[0]
        written = None if written is None or moved is None else written + moved[1]
        files = None if files is None or opened is None else files + opened
    return Look(cpu, memory, read, written, files) if alive else None


def _disk(process: psutil.Process) -> tuple[int, int] | None:
    if not hasattr(process, "io_counters"):
        return None
    try:
        counters = process.io_counters()
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        return None
    return counters.read_bytes, counters.write_bytes


def _files(process: psutil.Process) -> int | None:
    try:
        return process.num_fds() if hasattr(process, "num_fds") else None
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        return None


def _rate(before: int | None, after: int | None, span: float) -> float | None:
    """None too where a child took its count with it."""
    return None if before is None or after is None or after < before else (after - before) / span


def _name(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.Error:
        return f"process {process.pid}"
