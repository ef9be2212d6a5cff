"""Archives forked from a process that has the archive imported: the imports are nine tenths of a start.

`spawn` stands in for `harness.archive.launch.spawn`.  The process that forks ends with the one that started
it, since it reads from a socket whose other end that one alone has.
"""

from __future__ import annotations

import argparse
import functools
import gc
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, NoReturn, cast

import tests.mutants
import tests.variants
from harness.archive import launch
from harness.archive.launch import spawn as spawn_anew
from tests.mutants.seed import import_modules

LONGEST_COMMAND = 65536


class Forked:
    """As much of `subprocess.Popen` as a launched archive needs; its exit code is nobody's to have."""

    def __init__(self, pid: int, stdout: IO[str]) -> None:
        self.pid = pid
        self.stdout = stdout
        self._handle = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """0 once it has ended."""
        return 0 if select.select([self._handle], [], [], 0)[0] else None

    def wait(self, timeout: float | None = None) -> int:
        """Return at its end; subprocess.TimeoutExpired where that does not come in time."""
        if not select.select([self._handle], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("archive", timeout or 0)
        return 0

    def terminate(self) -> None:
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        if self.poll() is None:
            signal.pidfd_send_signal(self._handle, number)

    def __del__(self) -> None:
        os.close(self._handle)


def spawn(command: Sequence[str], log: Path) -> subprocess.Popen[str]:
    """An archive with the options of a command of `launch`; started in full where there are no pidfds."""
    if not hasattr(os, "pidfd_open"):
        return spawn_anew(command, log)
    reading, writing = os.pipe()
    with open(log, "a", opener=launch.for_its_owner) as errors:
        socket.send_fds(_server(), ["\0".join(command).encode()], [writing, errors.fileno()])
        pid = int.from_bytes(_server().recv(8), "big")
    os.close(writing)
    return cast("subprocess.Popen[str]", Forked(pid, os.fdopen(reading)))


@functools.cache
def _server() -> socket.socket:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    subprocess.Popen(
        [sys.executable, "-m", "tests.mutants.forking", str(theirs.fileno())],
        pass_fds=[theirs.fileno()],
        env={**os.environ, "PYTHONPATH": launch.search_path()},
        start_new_session=True,
    )
    theirs.close()
    return ours


def serve(requests: socket.socket) -> None:
    """Fork an archive for each request, and say its process id, until there can be no more."""
    import harness.archive.server  # noqa: F401 - what the forked ones are spared

    import_modules(tests.mutants)
    import_modules(tests.variants)
    gc.freeze()  # a collection in a forked archive would copy every page of what is imported
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them: they are seen through pidfds
    while True:
        command, handles, _, _ = socket.recv_fds(requests, LONGEST_COMMAND, 2)
        if not command:
            return
        if (pid := os.fork()) == 0:
            requests.close()
            become(command.decode().split("\0"), *handles)
        for handle in handles:
            os.close(handle)
        requests.send(pid.to_bytes(8, "big"))


def become(command: list[str], stdout: int, stderr: int) -> NoReturn:
    """Be the archive of that command."""
    from harness.archive import options

    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for source, target in ((stdout, 1), (stderr, 2)):
        os.dup2(source, target)
        os.close(source)
    sys.orig_argv[:] = command  # a restart executes it
    parser = argparse.ArgumentParser()
    options.add_options(parser)
    code = 1
    try:
        code = options.run(parser.parse_args(command[command.index("harness.archive") + 1 :]))
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
