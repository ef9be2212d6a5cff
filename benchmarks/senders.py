"""How fast the harness's client stores, against dcmsend and storescu, cell by cell.

    python -m benchmarks.senders [--receivers storescp,orthanc,archive] [--associations 1,2,4,8]
                                [--sizes small,slice,large] [--repeats 3]

A cell is a receiver, a size (1.5 KiB, 512 KiB, 128 MiB) and a number of associations at the same time, each
of a process of its own.  Every sender sends as many files in turn, the other way round each time; medians
of so many repeats are compared.  What starting a process and an association costs is taken off each: a run
with one file an association.
Needs DCMTK, and Orthanc where it is a receiver.  Only the ratios mean something on another machine.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.send_ratio import program
from harness.archive import launch
from harness.dimse.association import Association
from harness.dimse.command import DATA_SET, Command, CommandSet
from harness.dimse.errors import Unreachable
from harness.dimse.fragments import FileSlice, mapped
from harness.dimse.negotiation import contexts
from harness.dimse.part10 import part10, write_part10
from harness.dimse.pdu import associate_request
from harness.dimse.transport import Address
from harness.load.supply import Template, study_numbered, template_of
from harness.load.workload import DatasetRecipe
from harness.peers import free_ports, start_peer
from harness.synthesis import new_run_root

AE_TITLE = "BENCHMARK"


@dataclass(frozen=True, slots=True)
class Size:
    """Objects of one size, and how many of them an association gets."""

    words: str
    recipe: DatasetRecipe
    objects: int
    fast_objects: int
    """For who does not wait for a delayed acknowledgement."""


SIZES = {
    "small": Size("1.5 KiB", DatasetRecipe(rows=16, columns=16), 40, 400),
    "slice": Size("512 KiB", DatasetRecipe(), 30, 150),
    "large": Size("128 MiB", DatasetRecipe(rows=8192, columns=8192), 4, 4),
}


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who is sent to."""

    called: str
    port: int


@contextlib.contextmanager
def storescp(folder: Path) -> Iterator[Receiver]:
    """DCMTK's, which forgets what it takes; a process for each association."""
    (port,) = free_ports(1)
    process = subprocess.Popen([program("storescp"), "--ignore", "--fork", str(port)])
    try:
        _await(port)
        yield Receiver("STORESCP", port)
    finally:
        process.terminate()
        process.wait(10)


@contextlib.contextmanager
def orthanc(folder: Path) -> Iterator[Receiver]:
    """Orthanc as Debian has it."""
    with start_peer("orthanc", folder, (), AE_TITLE) as peer:
        yield Receiver(peer.target.dimse.called_ae_title, peer.target.dimse.port)


@contextlib.contextmanager
def archive(folder: Path) -> Iterator[Receiver]:
    """The bundled archive."""
    with launch.start() as running:
        yield Receiver(running.ae_title, running.port)


RECEIVERS: dict[str, Callable[[Path], contextlib.AbstractContextManager[Receiver]]] = {
    "storescp": storescp,
    "orthanc": orthanc,
    "archive": archive,
}


def _await(port: int) -> None:
    end = time.monotonic() + 10
    while True:
        try:
            Association.open(
                Address("127.0.0.1", port),
                associate_request(
                    "STORESCP", AE_TITLE, contexts(("1.2.840.10008.1.1", ["1.2.840.10008.1.2"]))
                ),
            ).release()
        except Unreachable:
            if time.monotonic() > end:
                raise SystemExit("storescp did not start") from None
        else:
            return


# ------------------------------------------------------------ senders


def _with_harness(receiver: Receiver, quickack: bool, files: Sequence[Path]) -> None:
    """One association, one object outstanding, data sets from memory maps: as a load has it."""
    heads = [part10(path) for path in files]
    maps = [mapped(FileSlice(path, head.dataset_offset)) for path, head in zip(files, heads, strict=True)]
    head = heads[0]
    proposed = contexts((head.sop_class, [head.transfer_syntax]))
    request = associate_request(receiver.called, AE_TITLE, proposed)
    with Association.open(Address("127.0.0.1", receiver.port), request, quickack=quickack) as association:
        context = association.context_for(head.sop_class)
        for one, data in zip(heads, maps, strict=True):
            command = CommandSet.of(
                AffectedSOPClassUID=one.sop_class,
                CommandField=Command.C_STORE_RQ,
                MessageID=association.next_message_id(),
                Priority=0,
                CommandDataSetType=DATA_SET,
                AffectedSOPInstanceUID=one.sop_instance,
            )
            association.send_message(context.id, command, data)
            answer = association.receive_message()
            if answer.command.require("Status") != 0:
                raise SystemExit(f"not stored: {answer.command}")
        association.release()


def harness(quickack: bool, receiver: Receiver, files: Sequence[Sequence[Path]]) -> None:
    """A process for each association, as DCMTK's programs have it."""
    with multiprocessing.get_context("fork").Pool(len(files)) as pool:
        pool.map(partial(_with_harness, receiver, quickack), files, chunksize=1)


def dcmtk(name: str, receiver: Receiver, files: Sequence[Sequence[Path]]) -> None:
    """dcmsend or storescu, one for each association."""
    running = [
        subprocess.Popen(
            [
                program(name),
                *("-aet", AE_TITLE, "-aec", receiver.called, "127.0.0.1", str(receiver.port)),
                *map(str, paths),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for paths in files
    ]
    if any(one.wait(600) for one in running):
        raise SystemExit(f"{name} could not send")


SENDERS: dict[str, Callable[[Receiver, Sequence[Sequence[Path]]], None]] = {
    "harness, unthrottled": partial(harness, True),
    "harness, typical": partial(harness, False),
    "dcmsend": partial(dcmtk, "dcmsend"),
    "storescu": partial(dcmtk, "storescu"),
}


# ------------------------------------------------------------ cells


MEMORY = Path("/dev/shm")  # nosec B108 # a new folder of its own in it


@contextlib.contextmanager
def folder_to_send_from(room: int) -> Iterator[Path]:
    """In memory where so many bytes have room: what is sent is written and deleted all the time, and a disk
    that is busy with that is a slower one for whoever receives.
    """
    has_room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 2 * room
    with tempfile.TemporaryDirectory(dir=MEMORY if has_room else None) as folder:
        yield Path(folder)


class Files:
    """Never the same object twice: an archive would not store it again."""

    def __init__(self, folder: Path, template: Template, root: str) -> None:
        self._folder, self._template, self._root = folder, template, root
        self._studies = 0

    def study(self, objects: int) -> list[Path]:
        """The files of one new study."""
        self._studies += 1
        study = study_numbered(self._root, self._studies)
        paths = []
        for uid, buffers in self._template.objects(study, objects):
            path = self._folder / f"{self._studies}-{uid.rpartition('.')[2]}.dcm"
            with path.open("wb") as file:
                file.write(write_part10(self._template.sop_class, uid, self._template.transfer_syntax))
                file.writelines(buffers)
            paths.append(path)
        return paths

    def forget(self) -> None:
        """Remove what was sent."""
        for path in self._folder.iterdir():
            path.unlink()


def rate(
    send: Callable[[Receiver, Sequence[Sequence[Path]]], None],
    receiver: Receiver,
    files: Files,
    associations: int,
    objects: int,
) -> float:
    """Objects a second of all associations, without what beginning costs."""

    def seconds(number: int) -> float:
        sent = [files.study(number) for _ in range(associations)]
        start = time.perf_counter()
        send(receiver, sent)
        elapsed = time.perf_counter() - start
        files.forget()
        return elapsed

    beginning = seconds(1)
    return associations * objects / max(seconds(objects + 1) - beginning, 1e-9)


def measure(name: str, size: Size, associations: int, repeats: int, folder: Path) -> dict[str, list[float]]:
    """By sender, its rates in one cell."""
    root = new_run_root()
    template = template_of(size.recipe, root)
    rates: dict[str, list[float]] = {sender: [] for sender in SENDERS}
    room = len(template) * (size.fast_objects + 1) * associations
    with folder_to_send_from(room) as sent, RECEIVERS[name](folder / "receiver") as receiver:
        files = Files(sent, template, root)
        turns = list(SENDERS.items())
        for _ in range(repeats):
            turns.reverse()  # a disk is quicker or slower with what it has to do since the turn before
            for sender, send in turns:
                number = size.fast_objects if sender == "harness, unthrottled" else size.objects
                rates[sender].append(rate(send, receiver, files, associations, number))
    return rates


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--receivers", default=",".join(RECEIVERS))
    parser.add_argument("--sizes", default=",".join(SIZES))
    parser.add_argument("--associations", default="1,2,4,8")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    print("| receiver | object | associations | harness typical | unthrottled | dcmsend | storescu | ratio |")
    print("|---|---|---:|---:|---:|---:|---:|---|")
    for receiver in options.receivers.split(","):
        for size in (SIZES[name] for name in options.sizes.split(",")):
            for associations in map(int, options.associations.split(",")):
                with tempfile.TemporaryDirectory() as folder:
                    rates = measure(receiver, size, associations, options.repeats, Path(folder))
                fast, typical, *others = (statistics.median(values) for values in rates.values())
                shown = " | ".join(f"{one:,.1f}" for one in (typical, fast, *others))
                print(
                    f"| {receiver} | {size.words} | {associations} | {shown} | typical "
                    f"{typical / max(others):.2f} ×, unthrottled {fast / max(others):.1f} × the better |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
