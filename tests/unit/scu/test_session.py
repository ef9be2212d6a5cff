"""An association's end is judged by the requirement that asks for it, and by no other."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from harness.dimse.association import Association
from harness.dimse.errors import ConnectionClosed, DimseError, NoAnswer, NotAccepted, ReleaseRequested
from harness.dimse.pdu import ReleaseRequest
from harness.dimse.transport import Address
from harness.scu import session
from harness.scu.session import Peer, Scu
from harness.scu.uids import VERIFICATION
from tests.unit.acceptor import accept_all, acceptor

AtRelease = Callable[[Association], None]


@contextlib.contextmanager
def product(at_release: AtRelease) -> Iterator[Scu]:
    """Takes one association after another, and does that with the A-RELEASE-RQ of each."""

    def serve(listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = listening.accept()
                association = Association.accept(sock, accept_all, deadline=5)
                with contextlib.suppress(DimseError):
                    assert isinstance(association.receive_pdu(), ReleaseRequest)
                    at_release(association)
                association.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,), daemon=True)
        thread.start()
        yield Scu(Peer(Address("127.0.0.1", listening.getsockname()[1]), "PACS", "ME", 2.0))
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def silence(association: Association) -> None:
    with contextlib.suppress(ReleaseRequested):
        association.receive_pdu()


@pytest.mark.parametrize(
    ("at_release", "error"),
    [(Association.close, ConnectionClosed), (silence, NoAnswer)],
    ids=["closes", "silent"],
)
def test_a_release_that_is_not_answered_fails_nothing_else(
    at_release: AtRelease, error: type[DimseError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "RELEASE_PATIENCE", 0.2)
    with product(at_release) as scu:
        with scu.open(VERIFICATION) as association:
            pass
        assert association.closed
        # Who asks for it gets the answer, or the want of one.
        association = scu.open(VERIFICATION)
        with pytest.raises(error):
            association.release(0.2)
        association.abort()


def test_what_fails_inside_is_raised() -> None:
    with acceptor() as port:
        association = Scu(Peer(Address("127.0.0.1", port), "PACS", "ME", 5.0)).open(VERIFICATION)
        with pytest.raises(NotAccepted), association:
            association.context_for("1.2.3")
        assert association.closed
