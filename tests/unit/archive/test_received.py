"""PDUs come out as they were sent, however TCP cuts them."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from harness.archive.upper_layer import FIRST_ROOM, Received


def pdu(content: bytes) -> bytes:
    return struct.pack(">BxL", 4, len(content)) + content


@given(
    lengths=st.lists(st.sampled_from([0, 1, 100, FIRST_ROOM - 6, FIRST_ROOM, 5 * FIRST_ROOM]), max_size=8),
    cuts=st.lists(st.integers(1, 3 * FIRST_ROOM), min_size=1, max_size=20),
)
def test_every_cut(lengths: list[int], cuts: list[int]) -> None:
    sent = [pdu(bytes([number + 1]) * length) for number, length in enumerate(lengths)]
    stream, received, came = b"".join(sent), Received(), []
    turn = 0
    while stream:
        room = received.room()
        count = min(len(room), len(stream), cuts[turn % len(cuts)])
        assert count, "there is always room for what is awaited"
        room[:count] = stream[:count]
        received.came(count)
        stream, turn = stream[count:], turn + 1
        while (head := received.head()) is not None and (whole := received.take(6 + head[1])) is not None:
            came.append(bytes(whole))
    assert came == sent
    assert not len(received)


def test_a_pdu_that_has_begun_needs_no_more_room_than_it_says() -> None:
    received = Received()
    assert len(received.room()) == FIRST_ROOM
    head = pdu(b"")[:2] + struct.pack(">L", 100)
    received.room()[:6] = head
    received.came(6)
    assert received.head() == (4, 100)
    assert received.take(106) is None
    assert len(received.room()) == FIRST_ROOM - 6
