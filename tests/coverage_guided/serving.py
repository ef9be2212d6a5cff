"""The bundled archive on a connection: whatever a peer sends, it answers with PDUs, and ends it or waits."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from functools import cache

from harness.archive.config import ArchiveConfig
from harness.archive.server import Archive, serve
from harness.dimse.pdu import HEADER, decode_pdu
from harness.fuzz.pdus.recorded import recorded
from harness.fuzz.pdus.script import Send
from tests.coverage_guided.entry import entry, scratch

PATIENCE = 10.0
"""Seconds for the end of a connection on which nothing more is sent."""


@cache
def archive() -> Archive:
    """One for all cases."""
    folder = scratch() / "archive"
    folder.mkdir()
    (folder / "worklist").mkdir()
    return serve(ArchiveConfig(folder, artim=0.1, operation_timeout=2.0, worklist=folder / "worklist"))


def exchanges() -> Iterator[bytes]:
    """What an ordinary requestor sends."""
    for exchange in recorded("REFERENCE", "PACSHARNESS"):
        yield b"".join(step.data for step in exchange.script.steps if isinstance(step, Send))


@entry(exchanges)
def peers(data: bytes) -> None:
    """PDUs come back and nothing else, the connection ends, and so do its threads."""
    server = archive()
    answered = b""
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65_536):
                answered += piece
        except ConnectionError:
            pass  # it may close while this side still sends
    at = 0
    while at < len(answered):
        length = HEADER.size + HEADER.unpack_from(answered, at)[2]
        assert decode_pdu(answered[at : at + length])
        at += length
    for thread in threading.enumerate():
        if thread.name.startswith("AcceptorThread"):
            thread.join(PATIENCE)
            assert not thread.is_alive(), "the association does not end with its connection"
    assert server._thread.is_alive()
