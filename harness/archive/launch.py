"""Start the reference archive as a process of its own, and stop it. Imports none of the archive.

with start(destinations=[("HARNESS", "127.0.0.1", 11113)]) as archive:
    ...  # archive.host, archive.port, archive.ae_title
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

#: Start-up that the children share: bytecode is there after the first, so a second is usual and this is
#: the stop.
START_DEADLINE = 30.0
STOP_DEADLINE = 10.0
_LISTENING = re.compile(r"listening on (\S+):(\d+) as (.+)")


class ArchiveDidNotStart(RuntimeError):
    """The process ended or kept silent; the message has the last lines of its log."""


@dataclass
class RunningArchive:
    """A started archive: where it listens, its folder and log, and how to end it."""

    ae_title: str
    host: str
    port: int
    folder: Path
    log: Path
    process: subprocess.Popen[str]
    _temporary: Path | None = field(default=None, repr=False)

    @property
    def is_running(self) -> bool:
        """False once the process has ended."""
        return self.process.poll() is None

    def stop(self) -> int:
        """End the process, by force after a deadline, and remove a temporary folder. Returns its exit
        code.
        """
        code = _end(self.process)
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
        return code

    def kill(self) -> None:
        """End the process at once, as a crash would; the folder stays."""
        self.process.kill()
        self.process.wait(STOP_DEADLINE)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def __enter__(self) -> RunningArchive:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def launch(
    *,
    ae_title: str = "REFERENCE",
    host: str = "127.0.0.1",
    port: int = 0,
    destinations: Sequence[tuple[str, str, int]] = (),
    folder: Path | None = None,
    log: Path | None = None,
    semantics: str = "",
    options: Sequence[str] = (),
    deadline: float = START_DEADLINE,
) -> RunningArchive:
    """Start an archive; the caller stops it.

    `destinations` are AE title, host and port of move destinations. Without a folder a temporary one is
    made, and
    removed by `stop`. `semantics` names a variant as `package.module:Class`, which the child has to find on
    its path. `options` are further options of `pacs-harness serve`. Raises ArchiveDidNotStart.
    """
    temporary = None
    if folder is None:
        temporary = Path(tempfile.mkdtemp(prefix="pacs-harness-archive-"))
        folder = temporary / "objects"
    log = log or (temporary or folder.parent) / "archive.log"
    command = [sys.executable, "-m", "harness.archive", "--folder", str(folder), "--aet", ae_title]
    command += ["--host", host, "--port", str(port), "-v"]
    for title, address, number in destinations:
        command += ["--destination", f"{title}={address}:{number}"]
    if semantics:
        command += ["--semantics", semantics]
    process = spawn([*command, *options], log)
    found = _await_line(process, deadline)
    if found is None:
        code = _end(process)
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-8:])
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
        raise ArchiveDidNotStart(
            f"the reference archive didn't start within {deadline:g} s (exit {code}):\n{tail}"
        )
    return RunningArchive(found[3], found[1], int(found[2]), folder, log, process, temporary)


@contextlib.contextmanager
def start(
    *,
    ae_title: str = "REFERENCE",
    destinations: Sequence[tuple[str, str, int]] = (),
    folder: Path | None = None,
    log: Path | None = None,
    semantics: str = "",
    options: Sequence[str] = (),
    deadline: float = START_DEADLINE,
) -> Iterator[RunningArchive]:
    """`launch`, and stop at the end of the block."""
    archive = launch(
        ae_title=ae_title,
        destinations=destinations,
        folder=folder,
        log=log,
        semantics=semantics,
        options=options,
        deadline=deadline,
    )
    try:
        yield archive
    finally:
        archive.stop()


def spawn(command: Sequence[str], log: Path) -> subprocess.Popen[str]:
    """The command as a process that leads a group of its own, its standard error appended to `log`."""
    with open(log, "a", opener=for_its_owner) as errors:
        return subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            stdin=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONPATH": search_path()},
            start_new_session=True,  # Ctrl-C in a terminal is for the parent, which then stops this one
        )


def for_its_owner(path: str, flags: int) -> int:
    """Open a log that other users of the machine may not read."""
    return os.open(path, flags, 0o600)


def search_path() -> str:
    """The child finds what the parent does, whatever folder either is in."""
    own = str(Path(__file__).resolve().parents[2])
    return os.pathsep.join(dict.fromkeys([own, *(entry for entry in sys.path if entry)]))


def _await_line(process: subprocess.Popen[str], deadline: float) -> re.Match[str] | None:
    assert process.stdout is not None
    end = time.monotonic() + deadline
    text = ""
    handle = process.stdout.fileno()
    while (left := end - time.monotonic()) > 0:
        readable, _, _ = select.select([handle], [], [], left)
        if not readable:
            break
        piece = os.read(handle, 4096).decode(errors="replace")
        if not piece:
            break
        text += piece
        found = _LISTENING.search(text) if "\n" in text else None
        if found:
            return found
    return None


def _end(process: subprocess.Popen[str]) -> int:
    process.terminate()
    try:
        code = process.wait(STOP_DEADLINE)
    except subprocess.TimeoutExpired:
        process.kill()
        code = process.wait(STOP_DEADLINE)
    if process.stdout is not None:
        process.stdout.close()
    return code
