"""How fast the harness carries a large object, beside a plain copy of as many bytes over the same path.

    python -m benchmarks.large [--size 1GiB] [--kind frames,tiles] [--repeats 3] [--folder DIR] [--archive]

The path: from this process over a loopback socket to another one, which writes to a file, syncs, and says so;
then back over the socket from the file.  The plain copy sends the same megabyte again and again, and drops
what comes back.  The harness makes the object while it sends it, in P-DATA-TF to a keeper that does nothing
but take the headers off, and compares each byte that comes back.  Copies are interleaved, medians compared.
With --archive the bundled archive comes third.  `--folder` is where the files are: on /dev/shm the disk is
left out.  Only the ratios mean something on another machine, and those of wall-clock time only on one that
has nothing else to do; so the processor time of this process stands beside them, in seconds for a gigabyte
out and back.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import socket
import statistics
import struct
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from harness.bulk.carrying import bring_back, judged, send
from harness.bulk.objects import Kind, large_object
from harness.bulk.running import own_peak
from harness.bulk.ways import Ways
from harness.cli.large import size_of
from harness.dimse.association import Association
from harness.dimse.command import DATA_SET, Command, CommandSet, decode_command
from harness.dimse.fragments import fragments
from harness.dimse.pdu import HEADER, P_DATA, PDV_HEADER, ReleaseResponse
from harness.dimse.transport import Address
from harness.large import Outcome, Way
from harness.peers.bundled import start_bundled
from harness.plugin.context import peer_of
from harness.scu.echo import NO_DATA_SET
from harness.scu.inbox import answering
from harness.scu.session import Peer, Scu
from harness.scu.uids import Root
from harness.synthesis import Identity, new_run_root

PIECE = 1024 * 1024
FRAGMENT = 256 * 1024


# ------------------------------------------------------------ the plain copy


def keep_plainly(listener: socket.socket, path: Path) -> None:
    """Take 8 bytes of length and so many bytes into a file; then send them back."""
    buffer = memoryview(bytearray(PIECE))
    while True:
        sock, _ = listener.accept()
        with sock, path.open("wb", buffering=0) as file:
            left = length = struct.unpack(">Q", sock.recv(8, socket.MSG_WAITALL))[0]
            while left:
                count = sock.recv_into(buffer, min(left, PIECE))
                file.write(buffer[:count])
                left -= count
            os.fsync(file.fileno())
            sock.sendall(b"k")
            sock.recv(1)
            with path.open("rb", buffering=0) as again:
                while length:
                    count = again.readinto(buffer)
                    sock.sendall(buffer[:count])
                    length -= count
        path.unlink()


def plain(address: Address, length: int) -> tuple[float, float]:
    """Bytes a second out and back."""
    block = os.urandom(PIECE)
    buffer = memoryview(bytearray(PIECE))
    with socket.create_connection((address.host, address.port)) as sock:
        begun = time.perf_counter()
        sock.sendall(struct.pack(">Q", length))
        for at in range(0, length, PIECE):
            sock.sendall(memoryview(block)[: min(PIECE, length - at)])
        sock.recv(1)
        out = time.perf_counter() - begun
        begun = time.perf_counter()
        sock.sendall(b"g")
        left = length
        while left:
            left -= sock.recv_into(buffer, min(left, PIECE))
        return length / out, length / (time.perf_counter() - begun)


# ------------------------------------------------------------ a keeper of DICOM that costs no more


class Keeper:
    """One association after the other: C-STORE into one file, C-GET out of it, whatever the keys are."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._buffer = memoryview(bytearray(PIECE))
        self._stored: CommandSet | None = None

    def serve(self, listener: socket.socket) -> None:
        """Until it is ended."""
        while True:
            sock, _ = listener.accept()
            association = Association.accept(sock, answering(maximum_length=0))
            sock.settimeout(None)
            with contextlib.suppress(ConnectionError), sock:
                while self._message(sock, association):
                    pass

    def _message(self, sock: socket.socket, association: Association) -> bool:
        received = self._receive(sock)
        if received is None:
            sock.sendall(ReleaseResponse().encode())
            return False
        context_id, command = received
        field = command["CommandField"]
        if field == Command.C_STORE_RQ:
            self._stored = command
        if field == Command.C_GET_RQ:
            self._give(sock, association)
        if field in (Command.C_STORE_RQ, Command.C_GET_RQ):
            self._send(sock, context_id, _response(command))
        return True

    def _receive(self, sock: socket.socket) -> tuple[int, CommandSet] | None:
        """A whole message: the data set of a C-STORE-RQ goes to the file.  None for A-RELEASE-RQ."""
        encoded = bytearray()
        command: CommandSet | None = None
        file = None
        while True:
            kind, _, _ = HEADER.unpack(self._exactly(sock, HEADER.size))
            if kind != P_DATA:
                self._exactly(sock, 4)
                return None
            length, context_id, control = PDV_HEADER.unpack(self._exactly(sock, PDV_HEADER.size))
            data = self._exactly(sock, length - 2)
            if control & 1:
                encoded += data
            elif file is not None:
                file.write(data)
            if not control & 2:
                continue
            if control & 1:
                command = decode_command(encoded)
                if command["CommandField"] == Command.C_STORE_RQ:
                    file = self._path.open("wb", buffering=0)
                if command.has_data_set:
                    continue
            if file is not None:
                os.fsync(file.fileno())
                file.close()
            if command is None:
                raise SystemExit("a data set without a command set")
            return context_id, command

    def _exactly(self, sock: socket.socket, length: int) -> memoryview:
        at = 0
        while at < length:
            count = sock.recv_into(self._buffer[at:length])
            if not count:
                raise ConnectionResetError
            at += count
        return self._buffer[:length]

    def _give(self, sock: socket.socket, association: Association) -> None:
        if self._stored is None:
            raise SystemExit("nothing was stored")
        sop_class = self._stored.string("AffectedSOPClassUID")
        context = association.context_for(sop_class)
        request = CommandSet.of(
            AffectedSOPClassUID=sop_class,
            CommandField=int(Command.C_STORE_RQ),
            MessageID=7,
            Priority=0,
            CommandDataSetType=DATA_SET,
            AffectedSOPInstanceUID=self._stored.string("AffectedSOPInstanceUID"),
        )
        self._send(sock, context.id, request)
        left = self._path.stat().st_size
        with self._path.open("rb", buffering=0) as file:
            while left:
                count = file.readinto(self._buffer[12 : 12 + FRAGMENT])
                left -= count
                head = HEADER.pack(P_DATA, 0, count + 6)
                self._buffer[:12] = head + PDV_HEADER.pack(count + 2, context.id, 0 if left else 2)
                sock.sendall(self._buffer[: 12 + count])
        self._path.unlink()
        self._receive(sock)

    @staticmethod
    def _send(sock: socket.socket, context_id: int, command: CommandSet) -> None:
        for pdus in fragments(context_id, True, [memoryview(command.encode())], FRAGMENT):
            sock.sendall(b"".join(pdus))


def _response(command: CommandSet) -> CommandSet:
    return CommandSet.of(
        AffectedSOPClassUID=command["AffectedSOPClassUID"],
        CommandField=command.integer("CommandField") | 0x8000,
        MessageIDBeingRespondedTo=command["MessageID"],
        CommandDataSetType=NO_DATA_SET,
        Status=0,
    )


# ------------------------------------------------------------ measuring


@contextlib.contextmanager
def served(serve: Callable[[socket.socket], None]) -> Iterator[Address]:
    """A process of its own that serves on a free port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = multiprocessing.get_context("fork").Process(target=serve, args=(listener,), daemon=True)
        process.start()
        try:
            yield Address("127.0.0.1", listener.getsockname()[1])
        finally:
            process.terminate()
            process.join(10)


def carry(ways: Ways, kind: Kind, size: int, identity: Identity) -> tuple[float, float]:
    """Bytes a second out and back, of an object that came back unchanged."""
    large = large_object(kind, size, identity)
    sent = send(ways.patient_for(size), large)
    if sent.outcome is not Outcome.STORED:
        raise SystemExit(f"not stored: {sent.words}")
    back = bring_back(ways, sent.large)
    outcome, words = judged(back, sent.large)
    if outcome is not Outcome.KEPT:
        raise SystemExit(f"{outcome}: {words}")
    return sent.leg.rate, back.leg.rate


@dataclass
class Measured:
    """The rates out and back of each repeat, in bytes a second, and its processor time a byte."""

    rates: list[tuple[float, float]] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def add(self, size: int, copy: Callable[[], tuple[float, float]]) -> None:
        """One repeat."""
        begun = time.process_time()
        self.rates.append(copy())
        self.processor.append((time.process_time() - begun) / size)

    def median(self) -> tuple[float, float]:
        """Out and back."""
        out, back = (statistics.median(values) for values in zip(*self.rates, strict=True))
        return out, back


def line(name: str, measured: Measured, beside: Measured) -> str:
    """A row of the table."""
    out, back = measured.median()
    plain_out, plain_back = beside.median()
    both = (1 / plain_out + 1 / plain_back) / (1 / out + 1 / back)
    return (
        f"| {name} | {out / 1e6:,.0f} | {back / 1e6:,.0f} | {out / plain_out:.0%} | {back / plain_back:.0%} "
        f"| {both:.0%} | {statistics.median(measured.processor) * 1e9:.2f} |"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", default="1GiB")
    parser.add_argument("--kind", default=",".join(Kind))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where files are written (default: the temporary one)")
    parser.add_argument("--archive", action="store_true", help="the bundled archive too")
    options = parser.parse_args()
    size, identity = size_of(options.size), Identity(new_run_root(), "large")
    back = ((Way.GET, Root.STUDY),)
    print("| path | out, MB/s | back, MB/s | out, of plain | back, of plain | both | processor, s/GB |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=options.folder)))
        copier = stack.enter_context(served(lambda listener: keep_plainly(listener, folder / "plain")))
        keeper = stack.enter_context(served(Keeper(folder / "kept").serve))
        targets = {"harness": Ways(Scu(Peer(keeper, "KEEPER", "BENCHMARK", 600.0)), back, None, 0)}
        if options.archive:
            (folder / "archive").mkdir()
            target = stack.enter_context(start_bundled(folder / "archive", (), "BENCHMARK", deadline=600))
            targets["harness and bundled archive"] = Ways(Scu(peer_of(target)), back, None, 10)
        for kind in map(Kind, options.kind.split(",")):
            plainly, rates = Measured(), {name: Measured() for name in targets}
            for _ in range(options.repeats):
                plainly.add(size, partial(plain, copier, size))
                for name, ways in targets.items():
                    rates[name].add(size, partial(carry, ways, kind, size, identity))
            print(line(f"plain copy, {kind}", plainly, plainly), flush=True)
            for name, measured in rates.items():
                print(line(f"{name}, {kind}", measured, plainly), flush=True)
    print(f"\nThe harness's own memory: {own_peak() / 1e6:,.0f} MB at most.")


if __name__ == "__main__":
    main()
