"""Legal peculiarities of storage commitment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.archive.attributes import Attribute, AttributeSet
from harness.archive.index import Instance
from harness.archive.semantics import Semantics
from harness.archive.sopclasses import STORAGE_COMMITMENT
from harness.archive.status import Refused
from tests.variants.seed import variant

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from harness.archive.messages import Message

N_ACTION_RSP = 0x8130
REFERENCED, FAILED, RETRIEVE_AE_TITLE = 0x00081199, 0x00081198, 0x00080054


@variant(clause="PS3.4 J.3.2.1.3", peculiarity="no request for commitment is processed", alone=True)
class NeverProcesses(Semantics):
    def check_sop_class(self, abstract_syntax: str, affected: str) -> None:
        super().check_sop_class(abstract_syntax, affected)
        if abstract_syntax == STORAGE_COMMITMENT:
            raise Refused(0x0110, "no request is processed")


@variant(
    clause="PS3.4 J.3.3.1.2",
    peculiarity="the archive commits to nothing, resources being limited",
    alone=True,
)
class NeverCommits(Semantics):
    def commits(self, known: Instance | None, sop_class: str, is_safe: bool) -> int | None:
        return 0x0213


@variant(
    clause="PS3.4 J.3.3.1.1.1",
    peculiarity="Retrieve AE Title stands in the items, both sequences are always there, order reversed",
)
class TitleInItems(Semantics):
    def commitment_information(self, information: AttributeSet) -> AttributeSet:
        title = information.elements[RETRIEVE_AE_TITLE]
        elements = {tag: one for tag, one in information.elements.items() if tag != RETRIEVE_AE_TITLE}
        referenced, failed = information.get(REFERENCED), information.get(FAILED)
        items = getattr(referenced, "items", ())
        elements[REFERENCED] = Attribute(
            "SQ", items=tuple(item.merged(AttributeSet({RETRIEVE_AE_TITLE: title})) for item in items[::-1])
        )
        elements[FAILED] = Attribute("SQ", items=getattr(failed, "items", ())[::-1])
        return AttributeSet(elements)


@variant(clause="PS3.7 10.1.4.1", peculiarity="N-ACTION-RSP has its mandatory elements alone")
class BareResponse(Semantics):
    def response_command(self, request: Message, command: Dataset) -> Dataset:
        command = super().response_command(request, command)
        if command.CommandField == N_ACTION_RSP:
            for keyword in ("AffectedSOPClassUID", "AffectedSOPInstanceUID", "ActionTypeID"):
                if keyword in command:
                    delattr(command, keyword)
        return command
