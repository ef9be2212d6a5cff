"""Sends of many parts, to peers that take them and to one that does not."""

from __future__ import annotations

import queue
import socket
import threading
from types import SimpleNamespace

import pytest

from harness.archive.transport import MOST_PARTS, TimedSocket


@pytest.fixture
def pair() -> tuple[TimedSocket, socket.socket]:
    """A socket of the archive's, and its peer."""
    mine, other = socket.socketpair()
    events: queue.Queue[str] = queue.Queue()
    layer = SimpleNamespace(event_queue=events)
    association = SimpleNamespace(dul=layer, network_timeout=None)
    return TimedSocket(association, client_socket=mine), other


def test_more_parts_than_the_system_takes_at_once(pair: tuple[TimedSocket, socket.socket]) -> None:
    sock, other = pair
    parts = [bytes([number % 251]) * (number % 200) for number in range(3 * MOST_PARTS)]
    came = bytearray()

    def read() -> None:
        while data := other.recv(7_000):
            came.extend(data)

    reader = threading.Thread(target=read)
    reader.start()
    sock.send_together(parts)
    sock._shutdown_socket()
    reader.join(10)
    assert bytes(came) == b"".join(parts)
    assert sock.event_queue.get_nowait() == "Evt5", "the connection that was there, and nothing after it"
    assert sock.event_queue.empty()


def test_a_peer_that_takes_nothing_is_given_up(pair: tuple[TimedSocket, socket.socket]) -> None:
    sock, _ = pair
    sock.send_timeout = 0.05
    sock.send_together([bytes(1 << 20)] * 20)
    assert list(sock.event_queue.queue)[-1] == "Evt17"
