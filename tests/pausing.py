"""pynetdicom's requests one right behind the other: each waits until the association's own thread listens.

That thread is told to pause for a request, and is taken to have paused as long as it has not noticed that it
may go on.  A second request within that moment goes out beside it, and it may take the answer, which the
request then waits for in vain.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

from pynetdicom.association import Association


def _paused_anew(send: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(send)
    def wait_and_send(self: Association, *args: Any, **more: Any) -> Any:
        pause = threading.Event()
        while self._is_paused and self._reactor_checkpoint.is_set() and self.is_alive():
            pause.wait(0.001)
        return send(self, *args, **more)

    return wait_and_send


def apply() -> None:
    """For every association of this process."""
    for name in ("c_echo", "c_store", "n_action", "n_create", "n_set", "n_get", "n_event_report"):
        send = getattr(Association, f"send_{name}")
        if not hasattr(send, "__wrapped__"):
            setattr(Association, f"send_{name}", _paused_anew(send))
