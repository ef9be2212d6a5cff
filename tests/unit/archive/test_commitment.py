"""Storage Commitment, PS3.4 J.3."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from archive_kit import CT, MR, Client, instance
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian, generate_uid
from pynetdicom import AE, evt
from pynetdicom.pdu import P_DATA_TF
from pynetdicom.presentation import build_context
from pynetdicom.transport import ThreadedAssociationServer

from harness.archive import commitment, owed
from harness.archive.config import Destination
from harness.archive.index import Index
from harness.archive.owed import Owed, OwedResults
from harness.archive.server import Archive

PUSH_MODEL = "1.2.840.10008.1.20.1"
INSTANCE = "1.2.840.10008.1.20.1.1"


class Requestor:
    """Sends commitment requests, and listens for results in both ways."""

    def __init__(self) -> None:
        self.results: list[tuple[int, Dataset, str]] = []
        self.arrived = threading.Event()
        self.answered = threading.Event()
        self.ae = AE("TESTER")
        self.ae.add_supported_context(PUSH_MODEL, [ImplicitVRLittleEndian], scu_role=False, scp_role=True)
        self.ae.supported_contexts[0].scu_role = True
        self.server = self.ae.start_server(
            ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_N_EVENT_REPORT, self._take, ["own"])]
        )
        self.port = self.server.server_address[1]

    def listen_again(self) -> ThreadedAssociationServer:
        """Listen on the same port, after `server` was shut down."""
        again = AE("TESTER")
        again.supported_contexts = [build_context(PUSH_MODEL, [ImplicitVRLittleEndian])]
        again.supported_contexts[0].scu_role = again.supported_contexts[0].scp_role = True
        handlers = [(evt.EVT_N_EVENT_REPORT, self._take, ["own"])]
        return again.start_server(("127.0.0.1", self.port), block=False, evt_handlers=handlers)

    def _take(self, event: evt.Event, where: str) -> tuple[int, None]:
        self.results.append((event.event_type, event.event_information, where))
        self.arrived.set()
        return 0, None

    def _note_answer(self, event: evt.Event) -> None:
        if isinstance(event.pdu, P_DATA_TF) and self.arrived.is_set():
            self.answered.set()

    def ask(
        self, port: int, pairs: list[tuple[str, str]], *, stay: bool, kind: int = 1, uid: str = INSTANCE,
        transaction: str | None = "1.2.3.4",
    ) -> tuple[int, Dataset | None]:  # fmt: skip
        client = Client(port, calling="TESTER")
        association = client.associate(
            [(PUSH_MODEL, [ImplicitVRLittleEndian])],
            evt_handlers=[
                (evt.EVT_N_EVENT_REPORT, self._take, ["same"]),
                (evt.EVT_PDU_SENT, self._note_answer),
            ],
        )
        information = Dataset()
        if transaction is not None:
            information.TransactionUID = transaction
        information.ReferencedSOPSequence = []
        for sop_class, sop_instance in pairs:
            item = Dataset()
            item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, sop_instance
            information.ReferencedSOPSequence.append(item)
        status, _ = association.send_n_action(information, kind, PUSH_MODEL, uid)
        if stay:
            # A release that overtakes the answer ends pynetdicom's thread, and lets the archive report again.
            assert self.answered.wait(10)
        association.release()
        return status.Status, status


@pytest.fixture
def requestor():  # type: ignore[no-untyped-def]
    requestor = Requestor()
    yield requestor
    requestor.server.shutdown()


@pytest.fixture
def committed(make_archive: Callable[..., Archive], requestor: Requestor) -> Archive:
    return make_archive(destinations=(Destination("TESTER", "127.0.0.1", requestor.port),))


@pytest.mark.parametrize("stay", [True, False])
def test_results_come_on_either_association(committed: Archive, requestor: Requestor, stay: bool) -> None:
    datasets = [instance(), instance()]
    Client(committed.port).store(*datasets)
    pairs = [(CT, str(d.SOPInstanceUID)) for d in datasets]
    status, _ = requestor.ask(committed.port, pairs, stay=stay)
    assert status == 0
    assert requestor.arrived.wait(10)
    ((kind, information, where),) = requestor.results
    assert (kind, where) == (1, "same" if stay else "own")
    assert information.TransactionUID == "1.2.3.4"
    found = {(i.ReferencedSOPClassUID, i.ReferencedSOPInstanceUID) for i in information.ReferencedSOPSequence}
    assert found == set(pairs)
    assert "FailedSOPSequence" not in information


def test_failures_are_told_with_their_reasons(committed: Archive, requestor: Requestor) -> None:
    kept, damaged = instance(), instance()
    Client(committed.port).store(kept, damaged)
    path = committed.storage.place_of(str(damaged.SOPInstanceUID))
    content = bytearray(path.read_bytes())
    content[-1] ^= 0xFF
    path.write_bytes(content)
    missing = generate_uid()
    requestor.ask(
        committed.port,
        [(CT, kept.SOPInstanceUID), (CT, missing), (CT, damaged.SOPInstanceUID)],
        stay=True,
    )
    ((kind, information, _),) = requestor.results
    assert kind == 2
    assert [i.ReferencedSOPInstanceUID for i in information.ReferencedSOPSequence] == [kept.SOPInstanceUID]
    failed = {i.ReferencedSOPInstanceUID: i.FailureReason for i in information.FailedSOPSequence}
    assert failed == {missing: 0x0112, damaged.SOPInstanceUID: 0x0112}


def test_a_reference_with_another_class_fails(committed: Archive, requestor: Requestor) -> None:
    dataset = instance()
    Client(committed.port).store(dataset)
    requestor.ask(committed.port, [(MR, dataset.SOPInstanceUID)], stay=True)
    ((kind, information, _),) = requestor.results
    assert (kind, information.FailedSOPSequence[0].FailureReason) == (2, 0x0119)
    assert "ReferencedSOPSequence" not in information


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"kind": 99}, 0x0123),
        ({"uid": "1.2.3"}, 0x0112),
        ({"transaction": None}, 0x0115),
        ({"pairs": []}, 0x0115),
    ],
)
def test_bad_requests_are_refused(
    committed: Archive, requestor: Requestor, change: dict[str, object], status: int
) -> None:
    arguments: dict[str, object] = {"pairs": [(CT, "1.2.3")], "stay": False, **change}
    assert requestor.ask(committed.port, **arguments)[0] == status  # type: ignore[arg-type]
    assert not requestor.results


def test_a_result_is_tried_again(
    make_archive: Callable[..., Archive], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commitment, "TRIES", (0.0, 0.1, 0.1, 0.1))
    requestor = Requestor()
    port = requestor.port
    requestor.server.shutdown()
    archive = make_archive(destinations=(Destination("TESTER", "127.0.0.1", port),))
    tried = threading.Event()
    once = commitment._deliver_once

    def watched(*args: object) -> bool:
        tried.set()
        return once(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(commitment, "_deliver_once", watched)
    requestor.ask(archive.port, [(CT, "1.2.3")], stay=False)
    assert tried.wait(5)
    server = requestor.listen_again()
    assert requestor.arrived.wait(10)
    server.shutdown()


def test_a_result_that_is_owed_outlives_the_archive(
    make_archive: Callable[..., Archive], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commitment, "TRIES", (60.0,))
    requestor = Requestor()
    requestor.server.shutdown()
    destinations = (Destination("TESTER", "127.0.0.1", requestor.port),)
    archive = make_archive(destinations=destinations)
    dataset = instance()
    Client(archive.port).store(dataset)
    requestor.ask(archive.port, [(CT, dataset.SOPInstanceUID), (CT, "1.2.3")], stay=False)
    archive.stop()
    assert not requestor.results

    monkeypatch.setattr(commitment, "TRIES", (0.0,))
    settled = threading.Event()
    settle = OwedResults.settle

    def watched(owed: OwedResults, one: Owed) -> None:
        settle(owed, one)
        settled.set()

    monkeypatch.setattr(OwedResults, "settle", watched)
    server = requestor.listen_again()
    again = make_archive(destinations=destinations)
    assert requestor.arrived.wait(10)
    server.shutdown()
    ((kind, information, where),) = requestor.results
    assert (kind, where, information.TransactionUID) == (2, "own", "1.2.3.4")
    assert [i.ReferencedSOPInstanceUID for i in information.ReferencedSOPSequence] == [dataset.SOPInstanceUID]
    assert settled.wait(10)
    assert again.owed.all() == []


def test_what_has_no_address_is_not_owed_for_ever(
    make_archive: Callable[..., Archive], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commitment, "TRIES", (60.0,))
    requestor = Requestor()
    archive = make_archive(destinations=(Destination("TESTER", "127.0.0.1", requestor.port),))
    requestor.ask(archive.port, [(CT, "1.2.3")], stay=False)
    requestor.server.shutdown()
    archive.stop()
    monkeypatch.setattr(commitment, "TRIES", (0.0,))
    settled = threading.Event()
    monkeypatch.setattr(OwedResults, "settle", lambda owed, one: settled.set())
    make_archive()
    assert settled.wait(10)
    assert not requestor.results


def test_results_owed_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owed, "LIMIT", 2)
    results = OwedResults(Index(tmp_path / "index.sqlite"))
    for number in (1, 2, 1, 3):
        results.put(Owed(f"1.2.{number}", "A", ((CT, f"1.3.{number}"),)))
    assert [one.transaction for one in results.all()] == ["1.2.1", "1.2.3"]


def test_results_that_nobody_takes_are_no_more_than_a_few(
    make_archive: Callable[..., Archive], requestor: Requestor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commitment, "MOST_DELIVERIES", 2)
    archive = make_archive(destinations=(Destination("TESTER", "127.0.0.1", 1),))  # nobody is there
    asked = [
        requestor.ask(archive.port, [(CT, "1.2.3")], stay=False, transaction=f"1.2.{number}")[0]
        for number in range(3)
    ]
    assert asked == [0, 0, 0x0213]
    assert len(archive.deliveries) == 2
