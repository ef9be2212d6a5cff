"""Restarts an archive that the harness has started, and returns when it listens again.

``python -m harness.peers.restarting HOST PORT PID`` sends SIGHUP, on which the bundled archive begins anew;
``… HOST PORT reset`` asks Orthanc by its REST interface at this address.  Exit code 1 where the port was not
closed and open again.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
import urllib.request

END_DEADLINE, START_DEADLINE = 90.0, 30.0
"""Seconds for an archive to end, which may wait for its associations, and to listen again."""
_POLL = 0.002


RESET = "reset"


def restart_command(host: str, port: int, how: int | str) -> tuple[str, ...]:
    """The command that restarts what listens there: by the id of its process, or RESET."""
    return (sys.executable, "-m", "harness.peers.restarting", host, str(port), str(how))


def main(host: str, port: int, how: str) -> int:
    """Have it begin anew, and wait until its port was closed and is open again."""
    if how == RESET:
        address = f"http://{host}:{port}/tools/reset"
        # A proxy of the environment has no business between this machine and itself.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        opener.open(urllib.request.Request(address, data=b""), timeout=END_DEADLINE).close()
        has_ended = _becomes(False, host, port, END_DEADLINE)
    else:
        # Its port may be closed for less time than there is between two looks: a connection is cut for good.
        with socket.create_connection((host, port), timeout=END_DEADLINE) as connection:
            os.kill(int(how), signal.SIGHUP)
            has_ended = _is_cut(connection)
    if not has_ended:
        return _late(host, port, "ended", END_DEADLINE)
    if not _becomes(True, host, port, START_DEADLINE):
        return _late(host, port, "listened again", START_DEADLINE)
    return 0


def _late(host: str, port: int, doing: str, within: float) -> int:
    print(f"{host}:{port} has not {doing} within {within:g} s", file=sys.stderr)
    return 1


def _is_cut(connection: socket.socket) -> bool:
    try:
        return not connection.recv(1)
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def _becomes(wanted: bool, host: str, port: int, within: float) -> bool:
    end = time.monotonic() + within
    pause = threading.Event()
    while _listens(host, port) is not wanted:
        if time.monotonic() >= end:
            return False
        pause.wait(_POLL)
    return True


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=START_DEADLINE).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
