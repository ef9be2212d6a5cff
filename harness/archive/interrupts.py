"""The signals that end the archive, or have it start again."""

from __future__ import annotations

import signal
import socket
from types import TracebackType

END = (signal.SIGINT, signal.SIGTERM)
AGAIN = getattr(signal, "SIGHUP", None)


class Interrupts:
    """Tells what the archive was told to do.

    A handler that Python runs may come only when the main thread does something next, and that waits: the
    byte that the C handler writes wakes it.  SIGHUP is kept from the beginning, the others from `expect` on,
    so that a long start can be interrupted.
    """

    def __enter__(self) -> Interrupts:
        self._reading, writing = socket.socketpair()
        writing.setblocking(False)
        self._writing = writing
        self._fd_before = signal.set_wakeup_fd(writing.fileno())
        self._before = {} if AGAIN is None else {AGAIN: signal.signal(AGAIN, _noted)}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._fd_before)
        self._reading.close()
        self._writing.close()

    def expect(self) -> None:
        """From now on SIGINT and SIGTERM are kept for `wait` too; without that they do nothing."""
        self._before |= {number: signal.signal(number, _noted) for number in END}

    def wait(self) -> bool:
        """Wait for one of them; True where the archive is to start again."""
        while True:
            number = self._reading.recv(1)[0]
            if number in END or number == AGAIN:
                return number == AGAIN


def _noted(number: int, frame: object) -> None:
    """Nothing: `Interrupts.wait` reads the signal's number."""
