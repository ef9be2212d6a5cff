"""An archive for each test, in this process, and a plain client on pynetdicom and raw sockets."""

from __future__ import annotations

import queue
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian, generate_uid
from pynetdicom import AE, evt
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.pdu_primitives import SCP_SCU_RoleSelectionNegotiation, SOPClassExtendedNegotiation

from tests import pausing

pausing.apply()
CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
SR = "1.2.840.10008.5.1.4.1.1.88.11"
STUDY_FIND, STUDY_MOVE, STUDY_GET = (f"1.2.840.10008.5.1.4.1.2.2.{n}" for n in (1, 2, 3))
#: Pixel data (7FE0,0010) with an empty offset table and one fragment, explicit VR.
ENCAPSULATED = (
    b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\0\0\0\0"
    b"\xfe\xff\0\xe0\4\0\0\0abcd\xfe\xff\xdd\xe0\0\0\0\0"
)
PATIENT_FIND = "1.2.840.10008.5.1.4.1.2.1.1"


def encode(dataset: Dataset, syntax: str = ExplicitVRLittleEndian) -> bytes:
    """Bytes of a data set."""
    buffer = DicomBytesIO()
    buffer.is_little_endian = UID(syntax).is_little_endian
    buffer.is_implicit_VR = UID(syntax).is_implicit_VR
    write_dataset(buffer, dataset)
    return buffer.getvalue()


def instance(**values: object) -> Dataset:
    """A small composite object; keywords replace or add."""
    dataset = Dataset()
    defaults: dict[str, object] = {
        "SOPClassUID": CT,
        "SOPInstanceUID": generate_uid(),
        "StudyInstanceUID": generate_uid(),
        "SeriesInstanceUID": generate_uid(),
        "PatientID": "HX1",
        "PatientName": "Harness^Alpha",
        "StudyDate": "20200115",
        "StudyTime": "101530",
        "AccessionNumber": "A-17",
        "StudyID": "S1",
        "Modality": "CT",
        "SeriesNumber": 1,
        "InstanceNumber": 1,
    }
    for keyword, value in {**defaults, **values}.items():
        if value is not None:
            setattr(dataset, keyword, value)
    return dataset


@dataclass
class Client:
    """A client of one archive."""

    port: int
    calling: str = "TESTER"
    received: list[tuple[str, bytes]] = field(default_factory=list)
    store_status: Callable[[int], int] = lambda number: 0

    def associate(self, contexts: list[tuple[str, list[str]]], **kwargs: object):  # type: ignore[no-untyped-def]
        """An association, which the caller releases."""
        ae = AE(self.calling)
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 20
        for abstract, syntaxes in contexts:
            ae.add_requested_context(abstract, syntaxes)
        association = ae.associate("127.0.0.1", self.port, ae_title="REFERENCE", **kwargs)
        if association.is_established:  # pynetdicom's client would wait 40 ms in each message otherwise
            association.dul.socket.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return association

    def store(self, *datasets: Dataset, syntax: str = ExplicitVRLittleEndian) -> list[int]:
        """Store and return the statuses."""
        classes = sorted({str(d.SOPClassUID) for d in datasets})
        association = self.associate([(uid, [syntax]) for uid in classes])
        assert association.is_established
        try:
            return [
                self.store_bytes(
                    association, str(d.SOPClassUID), str(d.SOPInstanceUID), encode(d, syntax)
                ).Status
                for d in datasets
            ]
        finally:
            association.release()

    def store_bytes(self, association, sop_class: str, sop_instance: str, data: bytes) -> Dataset:  # type: ignore[no-untyped-def]
        """Store raw bytes; the whole response, with status -1 where the connection ends without one.

        Messages are taken as they come: pynetdicom's own thread takes some before a caller can.
        """
        context = next(c for c in association.accepted_contexts if c.abstract_syntax == sop_class)
        request = C_STORE()
        request.MessageID = 7
        request.AffectedSOPClassUID = sop_class
        request.AffectedSOPInstanceUID = sop_instance
        request.Priority = 0
        request.DataSet = BytesIO(data)
        responses: queue.SimpleQueue[Dataset] = queue.SimpleQueue()
        none = Dataset()
        none.Status = -1

        def take(event: evt.Event) -> None:
            responses.put(event.message.command_set)

        def end(event: evt.Event) -> None:
            responses.put(none)

        association.bind(evt.EVT_DIMSE_RECV, take)
        association.bind(evt.EVT_CONN_CLOSE, end)
        association.dimse.send_msg(request, context.context_id)
        response = responses.get(timeout=20)
        association.unbind(evt.EVT_DIMSE_RECV, take)
        association.unbind(evt.EVT_CONN_CLOSE, end)
        answer = Dataset()
        answer.Status, answer.ErrorComment = response.Status, response.get("ErrorComment", "")
        return answer

    def find(
        self,
        keys: dict[str, object],
        model: str = STUDY_FIND,
        extended: bytes | None = None,
        syntax: str = ExplicitVRLittleEndian,
    ) -> tuple[list[tuple[int, Dataset | None]], int]:
        """Pending (status, identifier) pairs and the final status."""
        negotiation = []
        if extended is not None:
            item = SOPClassExtendedNegotiation()
            item.sop_class_uid, item.service_class_application_information = UID(model), extended
            negotiation.append(item)
        association = self.associate([(model, [syntax])], ext_neg=negotiation)
        assert association.is_established
        identifier = Dataset()
        for keyword, value in keys.items():
            setattr(identifier, keyword, value)
        answers = [(status.Status, found) for status, found in association.send_c_find(identifier, model)]
        association.release()
        return answers[:-1], answers[-1][0]

    def uids(self, keys: dict[str, object], keyword: str = "StudyInstanceUID", **kwargs: object) -> set[str]:
        """Values of one attribute in all matches; the query has to succeed."""
        pending, final = self.find({keyword: "", **keys}, **kwargs)  # type: ignore[arg-type]
        assert final == 0, hex(final)
        return {str(found[keyword].value) for _, found in pending if found is not None}

    def get(
        self,
        keys: dict[str, object],
        contexts: list[tuple[str, list[str]]],
        model: str = STUDY_GET,
        roles: bool = True,
    ) -> list[tuple[Dataset, Dataset | None]]:
        """All C-GET responses; objects land in `received`."""
        items = []
        for abstract in sorted({abstract for abstract, _ in contexts}) if roles else ():
            role = SCP_SCU_RoleSelectionNegotiation()
            role.sop_class_uid, role.scu_role, role.scp_role = UID(abstract), False, True
            items.append(role)
        association = self.associate(
            [(model, [ImplicitVRLittleEndian]), *contexts],
            ext_neg=items,
            evt_handlers=[(evt.EVT_C_STORE, self._take)],
        )
        assert association.is_established
        identifier = Dataset()
        for keyword, value in keys.items():
            setattr(identifier, keyword, value)
        answers = list(association.send_c_get(identifier, model))
        association.release()
        return answers

    def _take(self, event: evt.Event) -> int:
        self.received.append((str(event.request.AffectedSOPInstanceUID), event.request.DataSet.getvalue()))
        return self.store_status(len(self.received))


class Wire:
    """A raw connection: bytes in, PDUs out."""

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=15)

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def pdu(self) -> bytes | None:
        """The next PDU, None at the end of the connection. Raises TimeoutError."""
        head = self._exactly(6)
        if head is None:
            return None
        return head + (self._exactly(struct.unpack(">L", head[2:])[0]) or b"")

    def _exactly(self, count: int) -> bytes | None:
        data = b""
        while len(data) < count:
            try:
                piece = self.sock.recv(count - len(data))
            except ConnectionResetError:
                return None
            if not piece:
                return None
            data += piece
        return data

    def associate(self, contexts: list[tuple[int, str, list[str]]], **kwargs: bytes) -> bytes | None:
        self.send(associate_request(contexts, **kwargs))
        return self.pdu()

    def close(self) -> None:
        self.sock.close()


def item(kind: int, value: bytes) -> bytes:
    return struct.pack(">BBH", kind, 0, len(value)) + value


def associate_request(
    contexts: list[tuple[int, str, list[str]]],
    *,
    version: bytes = b"\0\1",
    called: bytes = b"REFERENCE       ",
    extra: bytes = b"",
    user: bytes = b"",
    reserved: bytes = bytes(32),
) -> bytes:
    """An A-ASSOCIATE-RQ from its parts."""
    body = version + b"\0\0" + called + b"TESTER          " + reserved
    body += item(0x10, b"1.2.840.10008.3.1.1.1")
    for number, abstract, syntaxes in contexts:
        value = bytes((number, 0, 0, 0)) + item(0x30, abstract.encode())
        value += b"".join(item(0x40, uid.encode()) for uid in syntaxes)
        body += item(0x20, value)
    body += item(0x50, item(0x51, struct.pack(">L", 16384)) + item(0x52, b"1.2.3.4") + user) + extra
    return struct.pack(">BBL", 1, 0, len(body)) + body


def pdv(context_id: int, control: int, data: bytes) -> bytes:
    return struct.pack(">LBB", len(data) + 2, context_id, control) + data


def p_data(*values: bytes) -> bytes:
    body = b"".join(values)
    return struct.pack(">BBL", 4, 0, len(body)) + body
