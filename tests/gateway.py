"""A gateway that anonymises: takes objects, de-identifies them, sends them to a destination of the harness.

By itself when an association is released, or when a C-MOVE asks for it.
"""

from __future__ import annotations

import contextlib
import io
import threading
from collections import defaultdict
from collections.abc import Iterator

from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, build_context, evt
from pynetdicom.presentation import PresentationContext, StoragePresentationContexts
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StudyRootQueryRetrieveInformationModelMove,
    Verification,
)

from harness.deid import Instance
from harness.deid.pairing import STUDY
from harness.dimse.part10 import write_part10
from harness.peers import free_ports
from harness.target import Claims, Destination, Dimse, Security, Target
from tests import pausing
from tests.unit.deid.reference import Deidentifier

pausing.apply()
SYNTAXES = [ExplicitVRLittleEndian, ImplicitVRLittleEndian]
DEADLINE = 10.0
"""Seconds for an answer; none keeps it to itself."""
COPIED_WITHIN = 1.0
"""Seconds until copies have to be there: what never sends them costs so many."""


class Gateway:
    """What it does with what comes; `deidentifier` remembers UIDs over all associations."""

    def __init__(self, deidentifier: Deidentifier, port: int, *, on_move: bool) -> None:
        self.deidentifier, self.port, self.on_move = deidentifier, port, on_move
        self._kept: dict[object, list[Instance]] = defaultdict(list)
        self._lock = threading.Lock()
        self.entity = AE("PHGATEWAY")
        self.entity.maximum_associations = 100
        for context in StoragePresentationContexts[:120]:
            self.entity.add_supported_context(context.abstract_syntax, SYNTAXES)
        self.entity.add_supported_context(Verification)
        if on_move:
            self.entity.add_supported_context(StudyRootQueryRetrieveInformationModelMove)

    def handlers(self) -> list[tuple[object, ...]]:
        """For pynetdicom."""
        return [(evt.EVT_C_STORE, self.take), (evt.EVT_RELEASED, self.send), (evt.EVT_C_MOVE, self.moved)]

    def take(self, event: evt.Event) -> int:
        syntax = str(event.context.transfer_syntax)
        with self._lock:
            one = Instance(syntax, event.request.DataSet.getvalue())
            self._kept[one.text(STUDY) if self.on_move else event.assoc].append(one)
        return 0

    def anonymised(self, key: object) -> list[Dataset]:
        """Copies of what came on an association, or of a study."""
        with self._lock:
            return [read(one) for one in self.deidentifier.files(self._kept.pop(key, []))]

    def send(self, event: evt.Event) -> None:
        if self.on_move or not (objects := self.anonymised(event.assoc)):
            return
        association = AE("PHGATEWAY").associate("127.0.0.1", self.port, contexts_of(objects))
        if association.is_established:
            for one in objects:
                association.send_c_store(one)
            association.release()

    def moved(self, event: evt.Event) -> Iterator[object]:
        objects = self.anonymised(str(event.identifier.StudyInstanceUID))
        yield "127.0.0.1", self.port, {"contexts": contexts_of(objects)}
        yield len(objects)
        for one in objects:
            yield 0xFF00, one


def contexts_of(objects: list[Dataset]) -> list[PresentationContext]:
    """A context for each class and syntax."""
    pairs = {(one.SOPClassUID, one.file_meta.TransferSyntaxUID) for one in objects}
    return [build_context(sop_class, syntax) for sop_class, syntax in sorted(pairs)]


def read(one: Instance) -> Dataset:
    """As pydicom reads a file of it, which is what pynetdicom sends."""
    head = write_part10(one.text(0x00080016), one.text(0x00080018), one.transfer_syntax)
    return dcmread(io.BytesIO(head + bytes(one.dataset)))


@contextlib.contextmanager
def gateway(deidentifier: Deidentifier, *, on_move: bool = False) -> Iterator[Target]:
    """The gateway as a target, whose second destination is for anonymised copies."""
    ports = free_ports(2)
    destinations = tuple(Destination(f"PHDEST{number}", port) for number, port in enumerate(ports, 1))
    ours = Gateway(deidentifier, ports[1], on_move=on_move)
    server = ours.entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=ours.handlers())
    try:
        yield Target(
            Dimse(
                *server.server_address[:2],
                "PHGATEWAY",
                "PACSHARNESS",
                deadline=DEADLINE,
                visible_within=COPIED_WITHIN,
                closes_within=DEADLINE,
            ),
            claims=Claims(security_profiles=("de-identification",)),
            destinations=destinations,
            security=Security(
                anonymises_to="PHDEST2",
                anonymises_on="move" if on_move else "store",
                deid_options=tuple(sorted(deidentifier.options)),
            ),
        )
    finally:
        server.shutdown()
