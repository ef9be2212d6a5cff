"""Programs of a third-party archive: started with a deadline, logged to a file, stopped without leftovers."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from harness.peers.guard import guarded

START_DEADLINE = 30.0
"""Seconds from the start of a program until it answers."""
STOP_DEADLINE = 10.0
"""Seconds that a program has to end by itself before it is killed."""
ANSWER_DEADLINE = 2.0
"""Seconds that an archive on this machine has to answer; each silence costs them four times."""
VISIBLE_WITHIN = 15.0
"""Seconds that it has to find what it acknowledged, or to report on a storage commitment."""
FREE = range(20_000, 32_768)
"""Ports that are listened on: Linux gives 32768 to 60999 to outgoing connections, others 49152 and above."""
_POLL = 0.05
_LOG_TAIL = 2000
_SYSTEM_FOLDERS = ("/usr/sbin", "/usr/local/sbin")
"""Where distributions put servers; an ordinary user's PATH often lacks them."""


class PeerMissing(Exception):
    """The program is not installed; the text says what to install."""


class PeerFailed(Exception):
    """The program is installed but did not start or stop as it should; the text names the log."""


def find_program(program: str, package: str) -> str:
    """The program's path.  Raises PeerMissing with the package to install.

    Python scripts are passed over: pynetdicom puts programs of DCMTK's names into any environment that it is
    installed in.
    """
    for folder in (*os.get_exec_path(), *_SYSTEM_FOLDERS):
        found = shutil.which(program, path=folder)
        if found is not None and not _is_python(Path(found)):
            return found
    raise PeerMissing(f"{program} is not installed: `apt-get install {package}` (Debian, Ubuntu) brings it")


def _is_python(program: Path) -> bool:
    try:
        with program.open("rb") as file:
            first = file.readline(200)
    except OSError:
        return False
    return first.startswith(b"#!") and b"python" in first


def first_line(program: str, *arguments: str) -> str:
    """The first line that a program prints about itself.  Raises PeerFailed."""
    try:
        done = subprocess.run(
            [program, *arguments], capture_output=True, text=True, timeout=START_DEADLINE, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise PeerFailed(f"{program} {' '.join(arguments)} failed: {error}") from error
    return (done.stdout or done.stderr).partition("\n")[0].strip()


def free_ports(count: int) -> tuple[int, ...]:
    """Distinct TCP ports that nothing on this machine listens on at the moment.

    They are below those that systems give to outgoing connections, of which a load opens thousands.
    Another program may take one before it is used; whoever starts a server on it tries again then.
    """
    with contextlib.ExitStack() as held:
        # All of them are held at once, on every address, since the archives listen on every address.
        found: list[int] = []
        first = random.SystemRandom().randrange(len(FREE))
        for port in (*FREE[first:], *FREE[:first]):
            if len(found) == count:
                break
            with contextlib.suppress(OSError):
                held.enter_context(socket.create_server(("", port)))
                found.append(port)
        if len(found) < count:
            raise PeerFailed(f"fewer than {count} of the ports {FREE[0]} to {FREE[-1]} are free")
        return tuple(found)


@contextlib.contextmanager
def running(
    command: Sequence[str], folder: Path, log: Path, answers: Callable[[], bool]
) -> Iterator[subprocess.Popen[bytes]]:
    """The program, ready: ``answers`` has said yes.  It and all its children have ended afterwards.

    They end as well where the harness is killed.
    Output is appended to ``log``.  ``answers`` makes one attempt and is called until it returns True.
    Raises PeerFailed where the program ends early or does not answer within START_DEADLINE.
    """
    with log.open("ab") as output:
        # A session of its own: Ctrl-C goes to the harness, which stops the archive when it has finished,
        # and the children that the archive forks can be reached as one group.
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    with guarded(process):
        try:
            _await_ready(process, command, log, answers)
            yield process
        finally:
            _stop(process)


def _await_ready(
    process: subprocess.Popen[bytes], command: Sequence[str], log: Path, answers: Callable[[], bool]
) -> None:
    end = time.monotonic() + START_DEADLINE
    while not answers():
        left = end - time.monotonic()
        if left <= 0:
            raise PeerFailed(
                f"{command[0]} did not answer within {START_DEADLINE:g} s; its log {log} ends:\n{tail(log)}"
            )
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = process.wait(min(_POLL, left))
            raise PeerFailed(f"{command[0]} ended at once with code {code}; its log {log} ends:\n{tail(log)}")
    if process.poll() is not None:
        # Something else answered on its port.
        raise PeerFailed(
            f"{command[0]} ended with code {process.returncode}; its log {log} ends:\n{tail(log)}"
        )


def _stop(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(STOP_DEADLINE)
    except subprocess.TimeoutExpired:
        process.kill()
    # Children outlive a parent that ends by the signal alone: none of the group may.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(STOP_DEADLINE)


def tail(log: Path) -> str:
    """The end of a log file."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _LOG_TAIL))
            return file.read(_LOG_TAIL).decode("utf-8", "replace").strip() or "(empty)"
    except OSError as error:
        return f"({error})"
