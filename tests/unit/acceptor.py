"""A small acceptor on the wire layer: what it answers is the test's."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping

from harness.dimse.association import Association
from harness.dimse.command import Command, CommandSet
from harness.dimse.errors import DimseError, ReleaseRequested
from harness.dimse.negotiation import AnsweredContext
from harness.dimse.pdu import Abort, AssociateAccept, AssociateReject, AssociateRequest, accept_of

Answer = Callable[[AssociateRequest], AssociateAccept | AssociateReject | Abort]

NO_DATA_SET = 0x0101


def accept_all(request: AssociateRequest) -> AssociateAccept:
    """Every context, in its first transfer syntax."""
    return accept_only(lambda uid: True)(request)


def accept_only(wanted: Callable[[str], bool]) -> Callable[[AssociateRequest], AssociateAccept]:
    """The contexts whose abstract syntax is wanted; 3 (abstract syntax not supported) for the others."""

    def answer(request: AssociateRequest) -> AssociateAccept:
        return accept_of(
            request,
            tuple(
                AnsweredContext(one.id, 0 if wanted(one.abstract_syntax) else 3, one.transfer_syntaxes[0])
                for one in request.contexts
            ),
        )

    return answer


@contextlib.contextmanager
def acceptor(
    answer: Answer = accept_all,
    *,
    echo_status: int = 0,
    move_statuses: Mapping[str, int] | None = None,
    other_move_status: int = 0xA801,
    tls: ssl.SSLContext | None = None,
    deadline: float = 5.0,
) -> Iterator[int]:
    """Listens on a loopback port, which is yielded.

    C-ECHO ends with ``echo_status``; C-MOVE with the status of its destination in ``move_statuses``, else
    with ``other_move_status``.
    """

    def status_of(command: CommandSet) -> int:
        if command["CommandField"] == Command.C_MOVE_RQ:
            return (move_statuses or {}).get(str(command["MoveDestination"]), other_move_status)
        return echo_status

    def converse(sock: socket.socket) -> None:
        with contextlib.suppress(DimseError, OSError), sock:
            association = Association.accept(sock, answer, deadline=deadline, tls=tls)
            try:
                while association.established:
                    message = association.receive_message()
                    response = CommandSet.of(
                        AffectedSOPClassUID=message.command["AffectedSOPClassUID"],
                        CommandField=int(message.command["CommandField"]) | 0x8000,
                        MessageIDBeingRespondedTo=message.command["MessageID"],
                        CommandDataSetType=NO_DATA_SET,
                        Status=status_of(message.command),
                    )
                    association.send_message(message.context_id, response)
            except ReleaseRequested:
                association.confirm_release()
            finally:
                association.close()

    with listening(converse) as port:
        yield port


@contextlib.contextmanager
def listening(converse: Callable[[socket.socket], None]) -> Iterator[int]:
    """Each connection to the port that is yielded goes to ``converse``, one after the other."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            # A peer that goes away early is what several tests want: the next connection is awaited.
            with contextlib.suppress(ConnectionError):
                converse(sock)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)
        assert not thread.is_alive()
