"""Identifiers of queries and retrievals: read from a request, checked, and built for a response (PS3.4
C.4).
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import TYPE_CHECKING, Protocol

from . import elements, encoding, matching
from .attributes import (
    COMPUTED_TAGS,
    UNIQUE_KEYS,
    Attribute,
    AttributeSet,
    Level,
    Root,
    from_dataset,
    level_of,
)
from .index import Days, Entity, Index, Selection
from .status import CANNOT_UNDERSTAND, MISMATCH, Refused

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

CHARACTER_SET, LEVEL, VIEW, RETRIEVE_AE_TITLE, AVAILABILITY, TIMEZONE = (
    0x00080005, 0x00080052, 0x00080053, 0x00080054, 0x00080056, 0x00080201,
)  # fmt: skip
STUDY_DATE, STUDY_TIME = matching.DATE_TIME_PAIRS[0]
#: Longest identifier or action information, in bytes; a list of 65,535 UIDs of 64 characters fits.
IDENTIFIER_LIMIT = 8 * 1024 * 1024
#: Part of an identifier, but never matched.
NO_KEYS = frozenset((CHARACTER_SET, LEVEL, VIEW, RETRIEVE_AE_TITLE, AVAILABILITY, TIMEZONE))


@dataclass(frozen=True)
class Query:
    """A C-FIND request, understood. `unsupported` are keys whose existence isn't supported at this level."""

    root: Root
    level: Level
    keys: AttributeSet
    unsupported: frozenset[int]
    relational: bool
    combined_date_time: bool
    character_set: tuple[str, ...]

    @property
    def matched(self) -> Mapping[int, Attribute]:
        """Keys that restrict."""
        return {tag: key for tag, key in self.keys.elements.items() if not key.is_empty}


class Asked(Protocol):
    """A query as far as the encoding of its answers depends on it."""

    @property
    def character_set(self) -> tuple[str, ...]: ...


def decode(data: bytes | None, transfer_syntax: str) -> tuple[AttributeSet, frozenset[int]]:
    """An identifier's attributes, and the tags of those that can't be keys (private, binary).

    Raises Refused.
    """
    from pydicom.filereader import read_dataset

    if not data:
        raise Refused(MISMATCH, "the request has no identifier")
    syntax = encoding.syntax_of(transfer_syntax)
    try:
        stream = encoding.inflate(BytesIO(data), IDENTIFIER_LIMIT) if syntax.deflated else BytesIO(data)
        encoding.check_structure(stream, len(stream.getvalue()), syntax)
        stream.seek(0)
        dataset: Dataset = read_dataset(stream, syntax.implicit, syntax.little)
        attributes = from_dataset(dataset)
    except encoding.Malformed as error:
        raise Refused(CANNOT_UNDERSTAND, f"identifier can't be decoded: {error}") from error
    except Exception as error:
        # What a decoder says may tell of its insides.
        raise Refused(CANNOT_UNDERSTAND, "identifier can't be decoded") from error
    given = {int(tag) for tag in list(dataset.keys()) if int(tag) >> 16 >= 8 and int(tag) & 0xFFFF}
    return attributes, frozenset(given - attributes.elements.keys())


def understand(
    root: Root,
    level: Level,
    identifier: AttributeSet,
    strange: frozenset[int],
    *,
    relational: bool,
    combined_date_time: bool,
) -> Query:
    """A query from its identifier."""
    asked = {tag: key for tag, key in identifier.elements.items() if tag not in NO_KEYS}
    below = frozenset(tag for tag in asked if level_of(tag).depth > level.depth)
    keys = AttributeSet({tag: key for tag, key in asked.items() if tag not in below})
    charset = identifier.get(CHARACTER_SET)
    return Query(
        root,
        level,
        keys,
        below | strange,
        relational,
        combined_date_time,
        charset.values if charset else (),
    )


def selection_of(query: Query) -> Selection:
    """Unique keys and days that the index can select by; others stay for matching.

    In the Study Root model Patient ID is a required key, and entities without one match too (C.2.2.1.2).
    """
    values: dict[Level, tuple[str, ...]] = {}
    for level, tag in UNIQUE_KEYS.items():
        key = query.keys.get(tag)
        if key is None or key.is_empty or key.values == ("*",):
            continue
        if level is Level.PATIENT:
            if not any(matching.has_wild_card(value) for value in key.values):
                values[level] = (*key.values, "") if query.level is not Level.PATIENT else key.values
        else:
            values[level] = key.values
    return Selection(
        *(values.get(level, ()) for level in (Level.PATIENT, Level.STUDY, Level.SERIES, Level.IMAGE)),
        days=_days_of(query),
    )


def _days_of(query: Query) -> Days | None:
    """The days of a Study Date key, where there is one that can be read and means days alone."""
    key = query.keys.get(STUDY_DATE)
    if key is None or key.vr != "DA" or len(key.values) != 1:
        return None
    if query.combined_date_time and is_combined(query, STUDY_DATE, STUDY_TIME):
        return None
    try:
        span = matching.span_of(key.values[0], "DA")
    except matching.InvalidKey:
        return None  # whoever matches it says so
    return Days(_day(span.low), _day(span.high))


def _day(ordinal: int | None) -> str:
    return "" if ordinal is None else date.fromordinal(ordinal).isoformat().replace("-", "")


def is_combined(query: Query, date: int, time: int) -> bool:
    """True if both of a pair ask for the same form of range matching (C.2.2.2.5.4)."""
    forms = []
    for tag in (date, time):
        text = query.keys.text(tag).strip()
        if not matching.is_range(text, "DA"):
            return False
        forms.append((text.startswith("-"), text.endswith("-")))
    return forms[0] == forms[1]


def computed(index: Index, entity: Entity, tag: int) -> Attribute | None:
    """An attribute that counts or lists what is beneath an entity, or None for an ordinary one (C.3.4)."""
    if tag not in COMPUTED_TAGS:
        return None
    level, vr = COMPUTED_TAGS[tag]
    keys = entity.keys[: level.depth + 1]
    if tag == 0x00201200:
        return Attribute(vr, (str(index.studies_of(keys[0])),))
    if tag in (0x00201202, 0x00201206):
        return Attribute(vr, (str(index.series_of(keys)),))
    if tag in (0x00201204, 0x00201208, 0x00201209):
        return Attribute(vr, (str(index.instances_of(keys)),))
    if tag == 0x00080061:
        return Attribute(vr, index.modalities_of(keys[1]))
    if tag == 0x00080062:
        return Attribute(vr, index.classes_of(keys[1]))
    instance = index.instance(entity.keys[3])
    stored = instance.transfer_syntax if instance else ""
    # C.6.1.1.5.2: those in which it can be had without loss.
    both = (encoding.EXPLICIT_LITTLE, encoding.IMPLICIT_LITTLE) if stored in encoding.NATIVE else ()
    return Attribute(vr, (stored, *(uid for uid in both if uid != stored)))


def response_attributes(query: Query, attributes: AttributeSet, ae_title: str) -> AttributeSet:
    """What a match returns: keys asked for, unique keys above, and where to get the instances
    (C.4.1.1.3.2).
    """
    answer: dict[int, Attribute] = {}
    for tag, key in query.keys.elements.items():
        answer[tag] = _returned(key, attributes.get(tag))
    for level in query.root.levels:
        if level.depth < query.level.depth:
            tag = UNIQUE_KEYS[level]
            answer[tag] = attributes.get(tag) or Attribute("LO" if level is Level.PATIENT else "UI")
    answer[LEVEL] = Attribute("CS", (query.level.value,))
    answer[RETRIEVE_AE_TITLE] = Attribute("AE", (ae_title,))
    answer[AVAILABILITY] = Attribute("CS", ("ONLINE",))
    timezone = attributes.get(TIMEZONE)
    if timezone is not None and not timezone.is_empty and any(a.vr in ("TM", "DT") for a in answer.values()):
        answer[TIMEZONE] = timezone
    charset = attributes.get(CHARACTER_SET)
    if charset is not None:
        answer[CHARACTER_SET] = charset  # a proposal: `encode_response` states the one that it uses
    return AttributeSet(answer)


def _returned(key: Attribute, candidate: Attribute | None) -> Attribute:
    if candidate is None:
        return Attribute(key.vr)
    if key.vr != "SQ" or candidate.vr != "SQ" or key.is_empty:
        return candidate
    wanted = key.items[0].elements
    items = tuple(
        AttributeSet({tag: _returned(part, item.get(tag)) for tag, part in wanted.items()})
        for item in matching.matching_items(key, candidate)
    )
    return Attribute("SQ", items=items)


def encode_response(query: Asked, attributes: AttributeSet, transfer_syntax: str) -> bytes:
    """Encode an identifier; (0008,0005) is there only if characters beyond the default repertoire are
    (C.4.1.1.3.2).

    The request's character set is taken if it holds all characters, else the stored one, else Unicode.
    """
    stored = attributes.get(CHARACTER_SET)
    return encode_fitting(attributes, (query.character_set, stored.values if stored else ()), transfer_syntax)


def encode_fitting(
    attributes: AttributeSet, charsets: tuple[tuple[str, ...], ...], transfer_syntax: str
) -> bytes:
    """A data set in the default repertoire or else in the first of these character sets that holds it, or in
    Unicode, with its (0008,0005).
    """
    rest = AttributeSet({tag: a for tag, a in attributes.elements.items() if tag != CHARACTER_SET})
    charset = elements.fitting(rest, ((), *charsets))
    if charset:
        rest = rest.merged(AttributeSet({CHARACTER_SET: Attribute("CS", charset)}))
    return encode(rest, charset, transfer_syntax)


def encode(attributes: AttributeSet, charset: tuple[str, ...], transfer_syntax: str) -> bytes:
    """The bytes of a data set in a native transfer syntax."""
    syntax = encoding.syntax_of(transfer_syntax)
    data = elements.encode(attributes, charset, syntax)
    if syntax.deflated:
        engine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        data = engine.compress(data) + engine.flush()
    return data + b"\0" * (len(data) % 2)


def retrieve_selection(root: Root, level: Level, identifier: AttributeSet, relational: bool) -> Selection:
    """The unique keys of a retrieval: one value for each level above, one or more UIDs for its own
    (C.4.2.2.1).

    With relational retrieval agreed the levels above may be left out. Raises Refused.
    """
    values: list[tuple[str, ...]] = [(), (), (), ()]
    for upper in root.levels:
        if upper.depth > level.depth:
            break
        tag = UNIQUE_KEYS[upper]
        key = identifier.get(tag)
        given = tuple(value for value in key.values if value) if key else ()
        if not given:
            if relational and upper is not level:
                continue
            raise Refused(MISMATCH, f"the unique key of {upper.value} is missing or empty", tag)
        if (upper is not level or upper is Level.PATIENT) and len(given) > 1:
            raise Refused(MISMATCH, f"one value only for the unique key of {upper.value}", tag)
        if any(matching.has_wild_card(value) for value in given):
            raise Refused(MISMATCH, f"no wild card in the unique key of {upper.value}", tag)
        values[upper.depth] = given
    return Selection(*values)
