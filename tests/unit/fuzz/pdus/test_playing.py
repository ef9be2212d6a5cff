"""Playing: what goes out and what is kept of what comes back, against small servers on this machine."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator

import pytest

from harness.dimse.errors import Unreachable
from harness.dimse.pdu import Abort, AssociateAccept, PData, ReleaseResponse
from harness.dimse.transport import Address
from harness.findings import Symptom
from harness.fuzz.pdus.judging import judged
from harness.fuzz.pdus.mutated import PduCase, mutated
from harness.fuzz.pdus.played import Ending
from harness.fuzz.pdus.playing import play
from harness.fuzz.pdus.recorded import recorded
from harness.fuzz.pdus.script import Await, Awaited, Close, HalfClose, Open, Reset, Script, Send
from harness.fuzz.pdus.waiting import play_waiting, serves_beside_silence
from harness.scu.session import Peer
from tests.unit.acceptor import acceptor

END = Await(what=Awaited.END)
PATIENT = Await(what=Awaited.ASSOCIATION, is_owed=True)


def script(*steps: Open | Send | Await | HalfClose | Close | Reset, must_wait: bool = False) -> Script:
    return Script(steps, "CALLED", "CALLING", must_wait)


def peer(port: int) -> Peer:
    return Peer(Address("127.0.0.1", port), "CALLED", "CALLING", deadline=5)


@contextlib.contextmanager
def serving(converse: Callable[[socket.socket], None], connections: int = 1) -> Iterator[Peer]:
    """A server that does this with each of so many connections, all at the same time."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)

    def serve() -> None:
        sock, _ = listener.accept()
        with sock, contextlib.suppress(OSError):
            converse(sock)

    threads = [threading.Thread(target=serve) for _ in range(connections)]
    for thread in threads:
        thread.start()
    try:
        yield peer(listener.getsockname()[1])
    finally:
        for thread in threads:
            thread.join(10)
        listener.close()


def read_all(sock: socket.socket) -> bytes:
    parts = []
    while part := sock.recv(4096):
        parts.append(part)
    return b"".join(parts)


def test_exchanges_come_back_pdu_by_pdu() -> None:
    case = mutated(recorded("CALLED", "CALLING")[0], [])
    with acceptor() as port:
        played = play(case.script, peer(port), patience=5)
    assert [type(one.pdu) for one in played.heard] == [AssociateAccept, PData, ReleaseResponse]
    assert played.ending(0) is Ending.CLOSED
    assert played.unanswered == ()
    assert judged(case, played) is None


def test_bytes_arrive_as_they_are_in_pieces_too() -> None:
    got: list[bytes] = []
    with serving(lambda sock: got.append(read_all(sock))) as target:
        play(script(Send(data=b"ABCDEFG", piece=2), Send(data=b"HI"), HalfClose(), END), target, patience=5)
    assert got == [b"ABCDEFGHI"]


def test_what_is_no_pdu_is_kept() -> None:
    with serving(lambda sock: sock.sendall(b"HTTP/1.1 400 Bad Request\r\n")) as target:
        steps = script(Send(data=b"x"), END)
        played = play(steps, target, patience=5)
        trouble = judged(PduCase("x", steps), played)
    assert played.heard[0].pdu is None
    assert played.heard[0].data.startswith(b"HTTP/1.1")
    assert trouble is not None
    assert trouble.symptom is Symptom.ILLEGAL_ANSWER


def test_an_abort_ends_every_wait() -> None:
    def abort(sock: socket.socket) -> None:
        sock.sendall(Abort(2, 1).encode())
        read_all(sock)

    with serving(abort) as target:
        steps = script(Send(data=b"x"), PATIENT, Await(what=Awaited.RESPONSE, is_owed=True), HalfClose(), END)
        played = play(steps, target, patience=60)
    assert [one.pdu for one in played.heard] == [Abort(2, 1)]
    assert played.ending(0) is Ending.CLOSED


def test_silence_is_noted_and_not_waited_for_again() -> None:
    with serving(lambda sock: read_all(sock) and None) as target:
        steps = script(Send(data=b"x"), *[Await(what=Awaited.RESPONSE)] * 200, Close())
        played = play(steps, target, patience=60, grace=0.1)
    assert len(played.unanswered) == 200
    assert played.seconds < 10
    assert played.ending(0) is Ending.OURS


def test_a_play_is_not_patient_with_each_of_many_silent_connections() -> None:
    with serving(lambda sock: read_all(sock) and None, connections=20) as target:
        opened = [Send(data=b"x", on=number) for number in range(20)]
        waits = [Await(what=Awaited.ASSOCIATION, is_owed=True, on=number) for number in range(20)]
        played = play(script(*opened, *waits), target, patience=0.5, grace=0.01)
    assert played.unanswered == (20, 21, 22)


def test_a_reset_is_told_from_a_close() -> None:
    def reset(sock: socket.socket) -> None:
        sock.recv(1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with serving(reset) as target:
        played = play(script(Send(data=b"x"), END), target, patience=5, grace=5)
    assert played.ending(0) is Ending.RESET


def test_our_own_reset_arrives() -> None:
    ends: list[str] = []

    def note(sock: socket.socket) -> None:
        try:
            read_all(sock)
        except ConnectionResetError:
            ends.append("reset")

    with serving(note) as target:
        played = play(script(Send(data=b"x"), Reset()), target, patience=5)
    assert ends == ["reset"]
    assert played.ending(0) is Ending.OURS


def test_nobody_there_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(Unreachable):
        play(script(Open()), peer(port), patience=1)


def test_scripts_that_wait_are_played_side_by_side() -> None:
    together = threading.Barrier(4, timeout=10)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(sock: socket.socket) -> None:
        with sock:
            together.wait()
            sock.sendall(Abort().encode())

    def accept() -> None:
        threads = [threading.Thread(target=serve, args=(listener.accept()[0],)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)

    accepting = threading.Thread(target=accept)
    accepting.start()
    one = script(Open(), Await(what=Awaited.END, is_owed=True), must_wait=True)
    results = play_waiting([one] * 4, peer(listener.getsockname()[1]), patience=8)
    accepting.join(10)
    listener.close()
    assert [getattr(result, "unanswered", result) for result in results] == [()] * 4


def test_whoever_is_blocked_by_silence_is_found_out() -> None:
    asks = script(*recorded("CALLED", "CALLING")[0].script.steps[:2], HalfClose())

    def accept(sock: socket.socket) -> None:
        if sock.recv(4096):
            sock.sendall(AssociateAccept("CALLED", "CALLING").encode())

    with serving(accept, connections=2) as target:
        assert serves_beside_silence(target, asks)
    with acceptor() as port:  # which serves one connection after the other
        assert not serves_beside_silence(peer(port), asks, within=0.3)
