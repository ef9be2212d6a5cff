"""What a load sends to and receives with: a server that takes every object, and keeps none.

It is the destination of C-MOVE and of storage commitment's results, and the null SCP by which the harness's
own ceiling is measured (``python -m harness.load.sink``).
"""

from __future__ import annotations

import contextlib
import io
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

from harness.dimse.association import Association
from harness.dimse.command import Command, CommandSet
from harness.dimse.errors import DimseError, PeerViolation, ReleaseRequested
from harness.dimse.inbound import Message
from harness.dimse.pdu import Abort
from harness.scu.commitment import read_result
from harness.scu.echo import NO_DATA_SET
from harness.scu.inbox import Reported, event_response, prefer_given_order

IDLE = 60.0
"""Seconds without a message after which an association is aborted."""
BACKLOG = 256
QUERIES = frozenset({Command.C_FIND_RQ, Command.C_MOVE_RQ, Command.C_GET_RQ})
GLANCE = 64 * 1024
"""Bytes of a data set that are looked at: results of storage commitment are shorter."""


class Glance(io.BytesIO):
    """Keeps the beginning of what is written to it, as long as that is short, and nothing of pixels."""

    def write(self, data: Any, /) -> int:
        if self.tell() + len(data) <= GLANCE:
            super().write(data)
        return len(data)

    def taken(self) -> bytes:
        """What was kept, which is forgotten."""
        kept = self.getvalue()
        self.seek(0)
        self.truncate()
        return kept


class Results:
    """Results of storage commitment that somebody waits for."""

    def __init__(self, ae_title: str) -> None:
        """The title is whose association results come on: that of the destination."""
        self.ae_title = ae_title
        self._awaited: dict[str, threading.Event] = {}

    @contextlib.contextmanager
    def result_of(self, transaction_uid: str) -> Iterator[threading.Event]:
        """Set when a result of storage commitment with this Transaction UID has come."""
        event = self._awaited[transaction_uid] = threading.Event()
        try:
            yield event
        finally:
            del self._awaited[transaction_uid]

    def came(self, transaction_uid: str) -> None:
        """A result is there; nobody may wait for it."""
        event = self._awaited.get(transaction_uid)
        if event is not None:
            event.set()


class Sink(Results):
    """A listening server: a thread for each association, which under gevent is a greenlet."""

    def __init__(
        self, ae_title: str, host: str, port: int = 0, on_result: Callable[[str], None] | None = None
    ) -> None:
        """Raises OSError where the port cannot be listened on; port 0 takes a free one.

        ``on_result`` gets the Transaction UIDs of results, where those who wait are in other processes.
        """
        super().__init__(ae_title)
        self.objects = self.bytes = 0
        """What has come in."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
        self.host, self.port = self._listener.getsockname()[:2]
        self._on_result = on_result or self.came
        self._open: set[Association] = set()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._accept, name=f"sink-{ae_title}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening, and cut what is open."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        with self._lock:
            for association in self._open:
                # Its own thread reads through the association's buffers: these go past them, and wake it.
                with contextlib.suppress(OSError):
                    association.connection.sock.send(Abort(2, 0).encode())
                    association.connection.sock.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        try:
            association = Association.accept(sock, prefer_given_order, deadline=IDLE)
        except DimseError:
            sock.close()
            return
        with self._lock:
            self._open.add(association)
        glance = Glance()
        try:
            while association.established:
                message = association.receive_message(sink=glance)
                self._respond(association, message, glance.taken())
        except ReleaseRequested:
            with contextlib.suppress(DimseError):
                association.confirm_release()
        except DimseError:
            association.abort()
        finally:
            with self._lock:
                self._open.discard(association)
            association.close()

    def _respond(self, association: Association, message: Message, seen: bytes) -> None:
        command = message.command
        kind = command.require("CommandField")
        if kind == Command.C_STORE_RQ:
            self.objects += 1
            self.bytes += message.dataset_length
            response = CommandSet.of(
                AffectedSOPClassUID=command.string("AffectedSOPClassUID"),
                CommandField=int(Command.C_STORE_RSP),
                MessageIDBeingRespondedTo=command.integer("MessageID"),
                CommandDataSetType=NO_DATA_SET,
                Status=0,
                AffectedSOPInstanceUID=command.string("AffectedSOPInstanceUID"),
            )
        elif kind == Command.C_ECHO_RQ:
            response = CommandSet.of(
                AffectedSOPClassUID=command.string("AffectedSOPClassUID"),
                CommandField=int(Command.C_ECHO_RSP),
                MessageIDBeingRespondedTo=command.integer("MessageID"),
                CommandDataSetType=NO_DATA_SET,
                Status=0,
            )
        elif kind in QUERIES:
            # Nothing matches: the quickest answer that there is.
            response = CommandSet.of(
                AffectedSOPClassUID=command.string("AffectedSOPClassUID"),
                CommandField=kind | 0x8000,
                MessageIDBeingRespondedTo=command.integer("MessageID"),
                CommandDataSetType=NO_DATA_SET,
                Status=0,
            )
        elif kind == Command.N_EVENT_REPORT_RQ:
            response = event_response(command)
            syntax = association.accepted_contexts[message.context_id].transfer_syntax
            result = read_result(Reported(command, seen, syntax))
            self._on_result(result.transaction_uid)
        else:
            raise PeerViolation("PS3.7 7.5", "a C- request or N-EVENT-REPORT", command.name)
        association.send_message(message.context_id, response)


def main() -> None:
    """Say the port on one line, and take objects until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who started this
    sink = Sink("NULL", "127.0.0.1")
    print(sink.port, flush=True)
    sys.stdin.read()
    sink.stop()


if __name__ == "__main__":
    main()
