"""What a caller whom nobody registered may do (PS3.7 C.5.25).

To be turned away counts in every form: the association, the presentation context, or the request is refused,
or what comes holds nothing.  C-ECHO tells nobody anything, so that whoever wants may have it.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable

from harness.dimse.capture import Recorder
from harness.dimse.errors import AssociationRejected, ConnectionClosed, DimseError, NotAccepted, PeerAborted
from harness.plugin.booking import Booked
from harness.plugin.fixtures import Corpus
from harness.plugin.studies import await_visible
from harness.scenario import CRITICAL, HIGH, MEDIUM, not_supported, safeguard
from harness.scu.commitment import Action, Reference, action_information, finish, request_commitment
from harness.scu.destination import Destination
from harness.scu.find import find
from harness.scu.get import get, storage_for
from harness.scu.move import move
from harness.scu.mpps import Started, create, discontinued, modify
from harness.scu.retrieve import keys_for
from harness.scu.session import Scu, open_for
from harness.scu.status import SUCCESS, was_done
from harness.scu.store import store_all
from harness.scu.uids import (
    CT_IMAGE_STORAGE,
    MODALITY_WORKLIST,
    PERFORMED_STEP,
    STORAGE_COMMITMENT_PUSH,
    QueryLevel,
    Root,
)
from harness.security.callers import (
    STRANGER,
    answer_in_words,
    entitled,
    offered,
    offered_model,
    unless_refused,
)
from harness.synthesis import SyntheticStudy
from harness.target import Target

_WHO = f"{STRANGER}, whom nobody registered,"
_REMEDY = "Have the product refuse {} to AE titles that are not registered for it."


@safeguard(
    "PS3.7 C.5.25", CRITICAL, "A stranger finds no studies.", remedy=_REMEDY.format("queries (C-FIND)")
)
def test_query(scu: Scu, stored_study: SyntheticStudy) -> None:
    root = offered_model(scu, lambda model: model.find)
    keys = {**keys_for(root, QueryLevel.STUDY, stored_study), "PatientName": None}
    stranger = entitled(scu, STRANGER)
    matches = unless_refused(lambda: find(stranger, root, QueryLevel.STUDY, keys))
    assert not matches or not matches.identifiers, f"{_WHO} finds studies and patients by C-FIND"


@safeguard(
    "PS3.7 C.5.25", CRITICAL, "A stranger gets no objects.", remedy=_REMEDY.format("retrieval (C-GET)")
)
def test_get(scu: Scu, stored_study: SyntheticStudy) -> None:
    root = offered_model(scu, lambda model: model.get)
    stranger, storage = entitled(scu, STRANGER), storage_for(stored_study.instances)
    keys = keys_for(root, QueryLevel.STUDY, stored_study)
    brought = unless_refused(lambda: get(stranger, root, QueryLevel.STUDY, storage, keys))
    assert not brought or not brought.received, (
        f"{_WHO} gets objects by C-GET: {len(brought.received)} of a study"
    )


@safeguard(
    "PS3.7 C.5.25",
    HIGH,
    "A stranger has no objects sent to others.",
    remedy=_REMEDY.format("retrieval (C-MOVE)"),
)
def test_move(scu: Scu, stored_study: SyntheticStudy, destination: Destination, recorder: Recorder) -> None:
    root = offered_model(scu, lambda model: model.move)
    stranger = entitled(scu, STRANGER)
    keys = keys_for(root, QueryLevel.STUDY, stored_study)
    with destination.inbox(recorder) as inbox:
        unless_refused(lambda: move(stranger, root, QueryLevel.STUDY, destination.ae_title, keys))
    assert not inbox.received, f"{_WHO} has {len(inbox.received)} objects sent to {destination.ae_title}"


@safeguard("PS3.7 C.5.25", HIGH, "A stranger stores no objects.", remedy=_REMEDY.format("objects (C-STORE)"))
def test_store(scu: Scu, corpus: Corpus, target: Target) -> None:
    offered(scu, CT_IMAGE_STORAGE)
    study = corpus.new_study("CT")
    answers = unless_refused(lambda: store_all(entitled(scu, STRANGER), study.instances))
    if answers is None or not all(was_done(answer.integer("Status")) for answer in answers):
        return
    assert not await_visible(scu, study, target.dimse.visible_within), (
        f"an object of {_WHO} is acknowledged and kept"
    )


@safeguard(
    "PS3.7 C.5.25",
    MEDIUM,
    "A stranger is promised no storage commitment.",
    remedy=_REMEDY.format("storage commitment"),
)
def test_commitment(scu: Scu, corpus: Corpus, writes: None) -> None:
    offered(scu, STORAGE_COMMITMENT_PUSH)
    # Of an object that there isn't: whatever becomes of the request, no result can be taken for another's.
    nothing = Reference(CT_IMAGE_STORAGE, corpus.identity.uid())
    action = Action(action_information(corpus.identity.uid(), [nothing]))

    def request() -> int:
        association = open_for(entitled(scu, STRANGER), STORAGE_COMMITMENT_PUSH)
        try:
            response, _ = request_commitment(association, action)
            finish(association)
        finally:
            association.abort()
        return response.integer("Status")

    assert unless_refused(request) != SUCCESS, f"a storage commitment request of {_WHO} is processed"


@safeguard(
    "PS3.7 C.5.25",
    CRITICAL,
    "A stranger does not read the worklist.",
    remedy=_REMEDY.format("the Modality Worklist"),
)
def test_worklist(scu: Scu, worklist: Booked) -> None:
    offered(scu, MODALITY_WORKLIST)
    patient = worklist.value("order-ct", "PatientID")
    answer = unless_refused(lambda: worklist.query(entitled(scu, STRANGER), PatientID=patient))
    assert not answer or not answer.items, f"{_WHO} finds patients and their procedures in the worklist"


@safeguard(
    "PS3.7 C.5.25",
    HIGH,
    "A stranger reports no performed procedure steps.",
    remedy=_REMEDY.format("performed procedure steps (MPPS)"),
)
def test_performed_step(scu: Scu, corpus: Corpus, writes: None) -> None:
    offered(scu, PERFORMED_STEP)
    identity = corpus.identity
    uid = identity.uid()
    step = Started(identity.uid(), identity.study_id(), identity.patient_id(), "PHTEST^Stranger", "PHWLCT")

    def report() -> bool:
        with open_for(entitled(scu, STRANGER), PERFORMED_STEP) as association:
            return create(association, uid, step.attributes()).accepted

    if not unless_refused(report):
        return
    with contextlib.suppress(DimseError), open_for(scu, PERFORMED_STEP) as association:
        modify(association, uid, discontinued(identity.uid))  # so that nobody waits for its end
    raise AssertionError(f"{_WHO} reports a procedure step as begun")


@safeguard(
    "CWE-204",
    MEDIUM,
    "A stranger who is refused learns nothing of whether a study exists.",
    remedy="Have the product look at who asks before it looks at what for.",
)
def test_existence(scu: Scu, stored_study: SyntheticStudy, corpus: Corpus) -> None:
    stranger, nobody = entitled(scu, STRANGER), f"PHNO{secrets.token_hex(5).upper()}"
    storage = storage_for(stored_study.instances)

    def by_find(root: Root, keys: dict[str, str | list[str]]) -> tuple[str, int]:
        matches = find(stranger, root, QueryLevel.STUDY, keys)
        return f"status 0x{matches.status:04X}", len(matches.identifiers)

    def by_get(root: Root, keys: dict[str, str | list[str]]) -> tuple[str, int]:
        brought = get(stranger, root, QueryLevel.STUDY, storage, keys)
        return f"status 0x{brought.status:04X}", len(brought.received)

    def by_move(root: Root, keys: dict[str, str | list[str]]) -> tuple[str, int]:
        # To nowhere, so that nothing is sent by whoever serves strangers.
        return f"status 0x{move(stranger, root, QueryLevel.STUDY, nobody, keys).status:04X}", 0

    models: list[tuple[str, Callable[[Root], str], Callable[..., tuple[str, int]]]] = [
        ("C-FIND", lambda root: root.find, by_find),
        ("C-GET", lambda root: root.get, by_get),
        ("C-MOVE", lambda root: root.move, by_move),
    ]
    compared, differing = 0, ""
    for name, service, ask in models:
        with contextlib.suppress(NotAccepted):
            root = offered_model(scu, service)
            real = keys_for(root, QueryLevel.STUDY, stored_study)
            made_up = keys_for(root, QueryLevel.STUDY, corpus.new_study("CT"))
            known, served = _answered(lambda: ask(root, real))  # noqa: B023 - asked at once
            unknown, _ = _answered(lambda: ask(root, made_up))  # noqa: B023
            if served:
                raise not_supported(f"strangers are served by {name}, and need not guess")
            compared += 1
            if known != unknown:
                differing = (
                    differing or f"{name} is answered with {known} for a study that is there, {unknown}"
                )
    if not compared:
        raise not_supported("the product offers neither C-FIND nor C-GET nor C-MOVE")
    assert not differing, f"{STRANGER} is refused, yet its {differing} for one that isn't"


def _answered(ask: Callable[[], tuple[str, int]]) -> tuple[str, int]:
    """What the stranger hears, and how many entities it gets."""
    try:
        return ask()
    except NotAccepted:
        return "no presentation context", 0
    except AssociationRejected as rejected:
        return answer_in_words(rejected.reject), 0
    except PeerAborted as aborted:
        return answer_in_words(aborted.abort), 0
    except ConnectionClosed:
        return answer_in_words(None), 0
