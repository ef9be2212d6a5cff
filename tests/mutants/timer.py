"""Defects of the ARTIM timer, and of a listener that is held up by a silent connection (PS3.8 9.1, 9.2.3)."""

from __future__ import annotations

import threading
from typing import ClassVar

from tests.mutants.seed import mutant
from tests.mutants.wire import Wire

HELD_UP = 30.0
"""Seconds for which a silent connection blocks the others, at most."""


@mutant(
    clause="PS3.8 9.1.4",
    defect="a connection without a request is kept for ever",
    caught_by=("association.timer.no-request", "association.timer.partial-request"),
    wire=True,
)
class NoTimer(Wire):
    asked = False

    def from_client(self, pdu: bytes) -> bytes:
        self.asked = True
        return pdu

    def server_ended(self) -> None:
        if self.asked:
            super().server_ended()


@mutant(
    clause="PS3.8 9.2.3",
    defect="the first byte stops the timer",
    caught_by=("association.timer.partial-request",),
    wire=True,
)
class TimerStoppedByFirstByte(Wire):
    begun = False

    def cut_short(self, data: bytes) -> None:
        self.begun = True

    def from_client(self, pdu: bytes) -> bytes:
        self.begun = False
        return pdu

    def server_ended(self) -> None:
        if not self.begun:
            super().server_ended()


@mutant(
    clause="PS3.8 9.1.2",
    defect="nobody is listened to while a connection before is silent",
    caught_by=("association.state.silent-connection-blocks-nobody",),
    wire=True,
)
class SilenceBlocks(Wire):
    queue: ClassVar[list[Wire]] = []
    changed: ClassVar[threading.Condition] = threading.Condition()

    def __init__(self, *sockets: object) -> None:
        super().__init__(*sockets)  # type: ignore[arg-type]
        with self.changed:
            self.queue.append(self)

    @classmethod
    def start(cls) -> None:
        super().start()
        cls.queue.clear()

    def from_client(self, pdu: bytes) -> bytes:
        with self.changed:
            self.changed.wait_for(lambda: self not in self.queue or self.queue[0] is self, HELD_UP)
        self.leave()
        return pdu

    def client_ended(self) -> None:
        self.leave()
        super().client_ended()

    def leave(self) -> None:
        """The next one is listened to."""
        with self.changed:
            if self in self.queue:
                self.queue.remove(self)
            self.changed.notify_all()
