"""Defects of C-FIND in the forms that keys take, and in how often an entity is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.archive.attributes import Attribute, AttributeSet, Level, Root
from harness.archive.identifiers import TIMEZONE, Query
from harness.archive.semantics import Semantics
from tests.mutants.find import INSTANCE_NUMBER, SOP_UID, Answers
from tests.mutants.query import OCCUPATION, Doubles
from tests.mutants.seed import mutant
from tests.mutants.wire import P_DATA, Wire, pdvs_of

if TYPE_CHECKING:
    from harness.archive.storage import Staged

GROUP_8_LENGTH, STUDY_UID_KEY, SERIES_UID_KEY = b"\x08\0\0\0", b"\x20\0\x0d\0", b"\x20\0\x0e\0"
PADDED_NUMBER = b"\x20\0\x13\0IS\x02\0 "


@mutant(
    clause="PS3.5 6.2",
    defect="a leading space belongs to the value of a number",
    caught_by=("find.matching.integer-forms",),
)
class PaddingCounts(Semantics):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.padded: set[str] = set()

    def coerced(self, staged: Staged) -> Staged:
        if PADDED_NUMBER in staged.path.read_bytes():
            self.padded.add(staged.sop_instance)
        return super().coerced(staged)

    def match_entity(self, query: Query, attributes: AttributeSet) -> bool:
        if INSTANCE_NUMBER in query.matched and attributes.text(SOP_UID) in self.padded:
            return False
        return super().match_entity(query, attributes)


@mutant(
    clause="PS3.4 C.4.1.3.1.1",
    defect="a study is returned once for each series",
    caught_by=("find.patient.one-response-each", "find.matching.study-uid"),
    wire=True,
)
class StudiesTwice(Doubles):
    def doubled(self, asked: bytes, message: bytes) -> bool:
        return b"STUDY " in message


@mutant(
    clause="PS3.4 C.2.2.2.4",
    defect="'*' alone leaves out studies without a value",
    caught_by=("find.wildcard.star-alone",),
)
class StarNeedsValue(Semantics):
    def match_value(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        if key.values == ("*",):
            return candidate is not None and not candidate.is_empty
        return super().match_value(key, candidate, tag)


@mutant(
    clause="PS3.4 C.2.2.1.3",
    defect="an optional key without a value comes back with a default",
    caught_by=("find.return.unsupported-optional-absent",),
)
class MakesUpValues(Answers):
    def answered(self, query: Query, elements: dict[int, Attribute]) -> dict[int, Attribute]:
        if OCCUPATION in query.keys.elements:
            elements[OCCUPATION] = Attribute("SH", ("UNKNOWN",))
        return elements


class AnswersKeys(Wire):
    """Looks at the Identifier of a query on its way."""

    def from_client(self, pdu: bytes) -> bytes:
        if pdu[0] != P_DATA:
            return pdu
        data = b"".join(data for _, control, data in pdvs_of(pdu) if not control & 1)
        return self.asked(data, pdu) if data else pdu

    def asked(self, keys: bytes, pdu: bytes) -> bytes:
        """The P-DATA-TF that brings these keys."""
        raise NotImplementedError


@mutant(
    clause="PS3.5 7.2",
    defect="Group Length in a query is matched, so nothing is found",
    caught_by=("find.return.group-length-key-harmless",),
    wire=True,
)
class MatchesGroupLength(AnswersKeys):
    def asked(self, keys: bytes, pdu: bytes) -> bytes:
        if not keys.startswith(GROUP_8_LENGTH):
            return pdu
        at = pdu.index(STUDY_UID_KEY) + 8
        return pdu[:at] + b"1" + pdu[at + 1 :]


@mutant(
    clause="PS3.4 C.4.1.3.1.1",
    defect="a query without a key of its own level kills its process",
    caught_by=("find.return.no-keys-at-all",),
    wire=True,
)
class NeedsSeriesKey(AnswersKeys):
    def asked(self, keys: bytes, pdu: bytes) -> bytes:
        return self.abort() if b"SERIES" in keys and SERIES_UID_KEY not in keys else pdu


@mutant(
    clause="PS3.4 C.2.2.2",
    defect="the time zone of a query is matched although adjustment was agreed to",
    caught_by=("find.timezone.key-not-matched",),
)
class MatchesTimeZone(Semantics):
    zone = ""

    def extended_negotiation(self, sop_class: str, offered: bytes) -> bytes | None:
        answer = super().extended_negotiation(sop_class, offered)
        return answer if answer is None else answer[:3] + offered[3:4] + answer[4:]

    def level_of_request(self, root: Root, identifier: AttributeSet) -> Level:
        self.zone = identifier.text(TIMEZONE)
        return super().level_of_request(root, identifier)

    def match_entity(self, query: Query, attributes: AttributeSet) -> bool:
        matched = not self.zone or attributes.text(TIMEZONE) == self.zone
        return matched and super().match_entity(query, attributes)
