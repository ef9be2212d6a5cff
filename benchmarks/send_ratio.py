"""How fast the wire layer stores on one association, against dcmsend and pynetdicom's SCU.

    python benchmarks/send_ratio.py

Each repeat sends 512 KiB CT slices to `storescp --ignore` by every sender in turn, one association each; the
medians of the repeats are compared.  Needs DCMTK (storescp, dcmsend).  Rates are of one machine at one time:
only the ratios mean something elsewhere.
"""

from __future__ import annotations

import argparse
import contextlib
import socket
import statistics
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pynetdicom
from pydicom import dcmread

from harness.dimse.association import Association
from harness.dimse.command import DATA_SET, Command, CommandSet
from harness.dimse.fragments import FileSlice, mapped
from harness.dimse.negotiation import contexts
from harness.dimse.part10 import part10, write_part10
from harness.dimse.pdu import associate_request
from harness.dimse.transport import Address
from harness.peers.process import PeerMissing, find_program

CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
PIXELS = 512 * 1024
FILES = 50
FAST_OBJECTS = 2000


def program(name: str) -> str:
    """DCMTK's program of that name."""
    try:
        return find_program(name, "dcmtk")
    except PeerMissing as missing:
        raise SystemExit(str(missing)) from None


def ct_slice(uid: str, seed: int) -> bytes:
    """A synthetic CT slice of 512 × 512 × 16 bits, explicit VR little endian."""

    def short(group: int, number: int, vr: bytes, value: bytes) -> bytes:
        value += (b"\0" if vr == b"UI" else b" ") * (len(value) % 2)
        return struct.pack("<HH2sH", group, number, vr, len(value)) + value

    def us(number: int, value: int) -> bytes:
        return short(0x28, number, b"US", struct.pack("<H", value))

    pixels = bytes((seed + at) & 0xFF for at in range(1024)) * (PIXELS // 1024)
    return b"".join(
        (
            short(8, 0x16, b"UI", CT.encode()),
            short(8, 0x18, b"UI", uid.encode()),
            short(8, 0x60, b"CS", b"CT"),
            short(0x10, 0x10, b"PN", b"SYNTHETIC^BENCHMARK"),
            short(0x10, 0x20, b"LO", b"SYNTHETIC-BENCHMARK"),
            short(0x20, 0x0D, b"UI", b"2.25.1001"),
            short(0x20, 0x0E, b"UI", b"2.25.1002"),
            us(0x02, 1),
            short(0x28, 0x04, b"CS", b"MONOCHROME2"),
            us(0x10, 512),
            us(0x11, 512),
            us(0x100, 16),
            us(0x101, 12),
            us(0x102, 11),
            us(0x103, 0),
            struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OW", 0, PIXELS),
            pixels,
        )
    )


def write_slices(folder: Path, count: int) -> list[Path]:
    """`count` slices as DICOM files."""
    paths = []
    for number in range(count):
        uid = f"2.25.1003{number:04d}"
        path = folder / f"{number:04d}.dcm"
        path.write_bytes(write_part10(CT, uid, EXPLICIT) + ct_slice(uid, number))
        paths.append(path)
    return paths


@contextlib.contextmanager
def storescp() -> Iterator[int]:
    """The port of a running `storescp --ignore`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    process = subprocess.Popen([program("storescp"), "--ignore", str(port)])
    try:
        end = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > end:
                    raise SystemExit("storescp did not start") from None
        yield port
    finally:
        process.terminate()
        process.wait(10)


def ours(port: int, paths: list[Path], count: int, quickack: bool) -> float:
    """Objects a second of the wire layer: one association, one object outstanding, files memory-mapped."""
    heads = [part10(path) for path in paths]
    maps = [mapped(FileSlice(path, head.dataset_offset)) for path, head in zip(paths, heads, strict=True)]
    request = associate_request("STORESCP", "BENCHMARK", contexts((CT, [EXPLICIT])))
    with Association.open(Address("127.0.0.1", port), request, quickack=quickack) as association:
        context = association.context_for(CT)
        start = time.perf_counter()
        for number in range(count):
            head = heads[number % len(heads)]
            command = CommandSet.of(
                AffectedSOPClassUID=CT,
                CommandField=Command.C_STORE_RQ,
                MessageID=association.next_message_id(),
                Priority=0,
                CommandDataSetType=DATA_SET,
                AffectedSOPInstanceUID=head.sop_instance,
            )
            association.send_message(context.id, command, maps[number % len(maps)])
            answer = association.receive_message()
            if answer.command.require("Status") != 0:
                raise SystemExit(f"not stored: {answer.command}")
        return count / (time.perf_counter() - start)


def dcmsend(port: int, paths: list[Path]) -> float:
    """Objects a second of dcmsend; the time of a run with one file (start, association) is taken off."""

    def run(files: list[Path]) -> float:
        start = time.perf_counter()
        command = [program("dcmsend"), "127.0.0.1", str(port), *map(str, files)]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        return time.perf_counter() - start

    alone = run(paths[:1])
    return (len(paths) - 1) / (run(paths) - alone)


def pynetdicom_scu(port: int, paths: list[Path]) -> float:
    """Objects a second of pynetdicom's SCU, data sets read beforehand."""
    datasets = [dcmread(path) for path in paths]
    entity = pynetdicom.AE()
    entity.add_requested_context(CT, EXPLICIT)
    association = entity.associate("127.0.0.1", port)
    if not association.is_established:
        raise SystemExit("pynetdicom could not associate")
    try:
        start = time.perf_counter()
        for dataset in datasets:
            if association.send_c_store(dataset).Status != 0:
                raise SystemExit("pynetdicom: not stored")
        return len(datasets) / (time.perf_counter() - start)
    finally:
        association.release()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=7, help="interleaved repeats (7)")
    repeats = parser.parse_args().repeats
    names = ("harness, QUICKACK", "harness, typical", "dcmsend", "pynetdicom SCU")
    rates: dict[str, list[float]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as folder, storescp() as port:
        paths = write_slices(Path(folder), FILES)
        senders: tuple[Callable[[], float], ...] = (
            lambda: ours(port, paths, FAST_OBJECTS, True),
            lambda: ours(port, paths, FILES, False),
            lambda: dcmsend(port, paths),
            lambda: pynetdicom_scu(port, paths),
        )
        for repeat in range(repeats):
            for name, sender in zip(names, senders, strict=True):
                rates[name].append(sender())
            shown = ", ".join(f"{name} {values[-1]:.1f}" for name, values in rates.items())
            print(f"repeat {repeat + 1}: {shown} objects/s", flush=True)
    medians = {name: statistics.median(values) for name, values in rates.items()}
    print(f"\n512 KiB CT slices, one association, storescp --ignore, median of {repeats}")
    for name, rate in medians.items():
        print(f"  {name:18} {rate:9.1f} objects/s  {rate / medians['dcmsend']:8.2f} × dcmsend")
    fast, typical, reference, other = medians.values()
    print(f"  with QUICKACK    {fast / reference:.0f} × dcmsend, {fast / other:.0f} × pynetdicom's SCU")
    print(f"  without QUICKACK {typical / reference:.3f} × dcmsend, {typical / other:.3f} × pynetdicom's SCU")


if __name__ == "__main__":
    main()
