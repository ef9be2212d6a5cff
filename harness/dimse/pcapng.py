"""A pcapng file (draft-ietf-opsawg-pcapng) of TCP conversations that are made up around given bytes."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Sequence
from dataclasses import dataclass

DICOM_PORT = 104
_RAW_IP = 101
_SEGMENT = 32 * 1024
_FIN, _SYN, _PUSH, _ACK = 1, 2, 8, 16


@dataclass(frozen=True, slots=True)
class Conversation:
    """One connection: (host, port) of either side.  The server's port is written as 104."""

    client: tuple[str, int]
    server: tuple[str, int]


@dataclass(frozen=True, slots=True)
class Segment:
    """Bytes from one side of conversation `number` at `time` (ns since 1970); None for its FIN."""

    number: int
    time: int
    from_client: bool
    data: bytes | None
    comment: str = ""


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + _padded(value)


def _comment(text: str) -> bytes:
    return _option(1, text.encode()[:4000]) + struct.pack("<HH", 0, 0) if text else b""


def _block(type_: int, body: bytes) -> bytes:
    length = 12 + len(body)
    return struct.pack("<II", type_, length) + body + struct.pack("<I", length)


def _packet(time: int, data: bytes, comment: str) -> bytes:
    head = struct.pack("<IIIII", 0, time >> 32, time & 0xFFFFFFFF, len(data), len(data))
    return _block(6, head + _padded(data) + _comment(comment))


def _checksum(data: bytes) -> int:
    data += b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _address(host: str) -> bytes:
    try:
        address = ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return b"\x7f\0\0\1"
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return mapped.packed if mapped else address.packed
    return address.packed


class _Tcp:
    """The made-up TCP state of one conversation."""

    def __init__(self, conversation: Conversation, port: int) -> None:
        hosts = [_address(conversation.client[0]), _address(conversation.server[0])]
        if len(hosts[0]) != len(hosts[1]):
            hosts = [b"\x7f\0\0\1", b"\x7f\0\0\1"]
        self._hosts = hosts
        self._ports = [port, DICOM_PORT]
        self._next = [1000, 5000]
        self._closed = [False, False]
        self.opened = False

    def packet(self, from_client: bool, flags: int, payload: bytes = b"") -> bytes:
        side, other = (0, 1) if from_client else (1, 0)
        acknowledged = self._next[other] if flags & _ACK else 0
        head = struct.pack(
            ">HHIIBBHHH",
            self._ports[side],
            self._ports[other],
            self._next[side] & 0xFFFFFFFF,
            acknowledged & 0xFFFFFFFF,
            5 << 4,
            flags,
            65535,
            0,
            0,
        )
        self._next[side] += len(payload) + bool(flags & (_SYN | _FIN))
        source, target = self._hosts[side], self._hosts[other]
        length = len(head) + len(payload)
        pseudo = source + target + struct.pack(">II", length, 6)
        sum_ = struct.pack(">H", _checksum(pseudo + head + payload))
        segment = head[:16] + sum_ + head[18:] + payload
        if len(source) == 16:
            return struct.pack(">IHBB", 6 << 28, length, 6, 64) + source + target + segment
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + length, 0, 0x4000, 64, 6, 0) + source + target
        return ip[:10] + struct.pack(">H", _checksum(ip)) + ip[12:] + segment

    def close(self, from_client: bool) -> bytes | None:
        side = 0 if from_client else 1
        if self._closed[side]:
            return None
        self._closed[side] = True
        return self.packet(from_client, _FIN | _ACK)


def pcapng(conversations: Sequence[Conversation], segments: Sequence[Segment], comment: str) -> bytes:
    """The file's bytes; the segments of a conversation follow each other without a gap."""
    ports: set[int] = set()
    states: list[_Tcp] = []
    for conversation in conversations:
        port = conversation.client[1] or 49152
        while port in ports or port == DICOM_PORT:
            port = port + 1 if port < 65535 else 49152
        ports.add(port)
        states.append(_Tcp(conversation, port))
    section = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + _comment(comment)
    # if_tsresol 9: nanoseconds
    interface = struct.pack("<HHI", _RAW_IP, 0, 0) + _option(9, b"\x09") + struct.pack("<HH", 0, 0)
    blocks = [_block(0x0A0D0D0A, section), _block(1, interface)]
    for segment in segments:
        state = states[segment.number]
        if not state.opened:
            state.opened = True
            for from_client, flags in ((True, _SYN), (False, _SYN | _ACK), (True, _ACK)):
                blocks.append(_packet(segment.time, state.packet(from_client, flags), ""))
        if segment.data is None:
            ending = state.close(segment.from_client)
            if ending is not None:
                blocks.append(_packet(segment.time, ending, segment.comment))
            continue
        for at in range(0, len(segment.data), _SEGMENT):
            payload = segment.data[at : at + _SEGMENT]
            packet = state.packet(segment.from_client, _PUSH | _ACK, payload)
            blocks.append(_packet(segment.time, packet, segment.comment if at == 0 else ""))
    return b"".join(blocks)
