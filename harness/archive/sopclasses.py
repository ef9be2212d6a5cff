"""SOP classes that the archive serves, and what its answers in association negotiation depend on."""

from __future__ import annotations

import enum
import re
from functools import lru_cache

from .attributes import Root

VERIFICATION = "1.2.840.10008.1.1"
STORAGE_COMMITMENT = "1.2.840.10008.1.20.1"
STORAGE_COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1.1"
MODALITY_WORKLIST = "1.2.840.10008.5.1.4.31"
PERFORMED_STEP = "1.2.840.10008.3.1.2.3.3"
PERFORMED_STEP_RETRIEVE = "1.2.840.10008.3.1.2.3.4"
QUERY_RETRIEVE = {
    "1.2.840.10008.5.1.4.1.2.1.1": (Root.PATIENT, "FIND"),
    "1.2.840.10008.5.1.4.1.2.1.2": (Root.PATIENT, "MOVE"),
    "1.2.840.10008.5.1.4.1.2.1.3": (Root.PATIENT, "GET"),
    "1.2.840.10008.5.1.4.1.2.2.1": (Root.STUDY, "FIND"),
    "1.2.840.10008.5.1.4.1.2.2.2": (Root.STUDY, "MOVE"),
    "1.2.840.10008.5.1.4.1.2.2.3": (Root.STUDY, "GET"),
}
_SINGLE = {
    VERIFICATION: "VERIFICATION",
    STORAGE_COMMITMENT: "COMMITMENT",
    MODALITY_WORKLIST: "WORKLIST",
    PERFORMED_STEP: "PERFORMED_STEP",
    PERFORMED_STEP_RETRIEVE: "PERFORMED_STEP_RETRIEVE",
}
_UID = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+")


class Service(enum.Enum):
    """What a presentation context is for."""

    VERIFICATION = "Verification"
    STORAGE = "Storage"
    FIND = "C-FIND"
    MOVE = "C-MOVE"
    GET = "C-GET"
    COMMITMENT = "Storage Commitment"
    WORKLIST = "Modality Worklist"
    PERFORMED_STEP = "Modality Performed Procedure Step"
    PERFORMED_STEP_RETRIEVE = "Modality Performed Procedure Step Retrieve"


def is_uid(text: str) -> bool:
    """True for a UID by PS3.5 9.1: 64 characters at most, no empty component, no leading zero."""
    return len(text) <= 64 and bool(_UID.fullmatch(text))


@lru_cache(maxsize=4096)
def service_of(abstract_syntax: str, unknown_classes: bool) -> Service | None:
    """The service of an abstract syntax; None if it isn't served.

    Storage covers every storage SOP class of the standard, retired ones included, and with `unknown_classes`
    all that the standard doesn't define: private classes and those of later editions.
    """
    if abstract_syntax in _SINGLE:
        return Service[_SINGLE[abstract_syntax]]
    if abstract_syntax in QUERY_RETRIEVE:
        return {"FIND": Service.FIND, "MOVE": Service.MOVE, "GET": Service.GET}[
            QUERY_RETRIEVE[abstract_syntax][1]
        ]
    return Service.STORAGE if _is_storage(abstract_syntax, unknown_classes) else None


def _is_storage(abstract_syntax: str, unknown_classes: bool) -> bool:
    from pydicom._uid_dict import UID_dictionary

    known = UID_dictionary.get(abstract_syntax)
    if known is not None:
        name, kind = known[0], known[1]
        return (
            kind == "SOP Class"
            and "Storage" in name
            and "Storage Commitment" not in name
            and not name.startswith("Media Storage")
        )
    if not unknown_classes or not is_uid(abstract_syntax):
        return False
    # A later edition's storage classes have their arc too; other unknown UIDs of the standard are other
    # services.
    return not abstract_syntax.startswith("1.2.840.10008.") or abstract_syntax.startswith(
        "1.2.840.10008.5.1.4.1.1."
    )
