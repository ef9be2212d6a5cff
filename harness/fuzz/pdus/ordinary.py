"""Ordinary command sets and data sets, as an SCU of the harness's sends them; data sets in Implicit VR."""

from __future__ import annotations

from harness.dimse.command import DATA_SET, NO_DATA_SET, Command, CommandSet
from harness.dimse.walker import IMPLICIT_LITTLE
from harness.fuzz.nodes import Item, Node, Nodes, encode
from harness.scu.session import Stored
from harness.scu.uids import (
    CT_IMAGE_STORAGE,
    STORAGE_COMMITMENT_PUSH,
    STORAGE_COMMITMENT_PUSH_INSTANCE,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
    VERIFICATION,
)

_ROOT = "2.25.270189023157013427351273108297125712301.11"
STUDY, SERIES, INSTANCE = f"{_ROOT}.1", f"{_ROOT}.2", f"{_ROOT}.3"
ABSENT = f"{_ROOT}.4"
"""A Study Instance UID that nobody has: what is retrieved, so that nothing is sent."""
PATIENT_ID = "PHTEST-FUZZ"
NOBODY = "PHTESTNOBODY"
"""A move destination that no product knows."""
OBJECT = Stored(CT_IMAGE_STORAGE, INSTANCE, STUDY, PATIENT_ID, 0)
"""What the C-STORE of these exchanges may leave behind: always this one object."""


def echo(message_id: int = 1) -> CommandSet:
    """C-ECHO-RQ (PS3.7 9.3.5.1)."""
    return CommandSet.of(
        AffectedSOPClassUID=VERIFICATION,
        CommandField=Command.C_ECHO_RQ,
        MessageID=message_id,
        CommandDataSetType=NO_DATA_SET,
    )


def store(instance: str = INSTANCE) -> CommandSet:
    """C-STORE-RQ of an object of CT Image Storage (PS3.7 9.3.1.1)."""
    return CommandSet.of(
        AffectedSOPClassUID=CT_IMAGE_STORAGE,
        CommandField=Command.C_STORE_RQ,
        MessageID=1,
        Priority=0,
        CommandDataSetType=DATA_SET,
        AffectedSOPInstanceUID=instance,
    )


def find(message_id: int = 1) -> CommandSet:
    """C-FIND-RQ of the Study Root (PS3.7 9.3.2.1)."""
    return CommandSet.of(
        AffectedSOPClassUID=STUDY_ROOT_FIND,
        CommandField=Command.C_FIND_RQ,
        MessageID=message_id,
        Priority=0,
        CommandDataSetType=DATA_SET,
    )


def retrieve(kind: Command) -> CommandSet:
    """C-GET-RQ, or C-MOVE-RQ to a destination that nobody knows (PS3.7 9.3.3.1, 9.3.4.1)."""
    is_move = kind is Command.C_MOVE_RQ
    return CommandSet.of(
        AffectedSOPClassUID=STUDY_ROOT_MOVE if is_move else STUDY_ROOT_GET,
        CommandField=kind,
        MessageID=1,
        MoveDestination=NOBODY if is_move else None,
        Priority=0,
        CommandDataSetType=DATA_SET,
    )


def commitment() -> CommandSet:
    """N-ACTION-RQ that asks for storage commitment (PS3.4 J.3.2)."""
    return CommandSet.of(
        RequestedSOPClassUID=STORAGE_COMMITMENT_PUSH,
        CommandField=Command.N_ACTION_RQ,
        MessageID=1,
        CommandDataSetType=DATA_SET,
        RequestedSOPInstanceUID=STORAGE_COMMITMENT_PUSH_INSTANCE,
        ActionTypeID=1,
    )


def text(tag: int, vr: str, value: str) -> Node:
    """An element of text, padded to even length (PS3.5 6.2)."""
    raw = value.encode("ascii")
    return Node(tag, vr, raw + (b"\0" if vr == "UI" else b" ") * (len(raw) % 2))


def number(tag: int, value: int) -> Node:
    """An element of VR US."""
    return Node(tag, "US", value.to_bytes(2, "little"))


def image_nodes(instance: str = INSTANCE) -> Nodes:
    """A CT image of 8 by 8 pixels (PS3.3 A.3) of a patient of the harness."""
    return (
        text(0x00080008, "CS", "ORIGINAL\\PRIMARY\\AXIAL"),
        text(0x00080016, "UI", CT_IMAGE_STORAGE),
        text(0x00080018, "UI", instance),
        text(0x00080020, "DA", "20200101"),
        text(0x00080030, "TM", "120000"),
        text(0x00080050, "SH", "PHTEST"),
        text(0x00080060, "CS", "CT"),
        text(0x00080070, "LO", "PACS-HARNESS"),
        text(0x00080090, "PN", ""),
        text(0x00100010, "PN", "PHTEST^FUZZ"),
        text(0x00100020, "LO", PATIENT_ID),
        text(0x00100030, "DA", ""),
        text(0x00100040, "CS", "O"),
        text(0x0020000D, "UI", STUDY),
        text(0x0020000E, "UI", SERIES),
        text(0x00200010, "SH", "1"),
        text(0x00200011, "IS", "1"),
        text(0x00200013, "IS", "1"),
        text(0x00200032, "DS", "0\\0\\0"),
        text(0x00200037, "DS", "1\\0\\0\\0\\1\\0"),
        text(0x00200052, "UI", f"{_ROOT}.5"),
        number(0x00280002, 1),
        text(0x00280004, "CS", "MONOCHROME2"),
        number(0x00280010, 8),
        number(0x00280011, 8),
        text(0x00280030, "DS", "1\\1"),
        number(0x00280100, 16),
        number(0x00280101, 12),
        number(0x00280102, 11),
        number(0x00280103, 0),
        text(0x00281052, "DS", "-1024"),
        text(0x00281053, "DS", "1"),
        Node(0x7FE00010, "OW", bytes(range(128))),
    )


def image() -> bytes:
    """`image_nodes`, encoded."""
    return encode(image_nodes(), IMPLICIT_LITTLE)


def keys(study: str = "") -> bytes:
    """An Identifier at the level of studies: of the harness's patient, or of that study (PS3.4 C.4)."""
    return encode(
        (
            text(0x00080052, "CS", "STUDY"),
            text(0x00100020, "LO", "" if study else PATIENT_ID),
            text(0x0020000D, "UI", study),
        ),
        IMPLICIT_LITTLE,
    )


def references() -> bytes:
    """The Action Information of a request for storage commitment (PS3.4 J.3.2.1.1)."""
    item = Item((text(0x00081150, "UI", CT_IMAGE_STORAGE), text(0x00081155, "UI", INSTANCE)))
    return encode(
        (text(0x00081195, "UI", f"{_ROOT}.6"), Node(0x00081199, "SQ", items=(item,))), IMPLICIT_LITTLE
    )
