"""Cut data sets ended at the end of an element, for readers that cannot know of the cut.

Wireshark takes an element that breaks off as going on in the next message, so a capture shows of a cut data
set the whole elements that were kept, all of them in its last P-DATA-TF.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from harness.dimse.cutting import Kept
from harness.dimse.errors import DecodeError
from harness.dimse.pdu import AssociateAccept, PData, Pdv, decode_pdu
from harness.dimse.walker import walk

if TYPE_CHECKING:
    from harness.dimse.capture import Record


@dataclass(slots=True)
class _DataSet:
    """The data set that is under way in one direction: its kept bytes, and the records that hold them."""

    data: bytearray = field(default_factory=bytearray)
    records: list[int] = field(default_factory=list)
    length: int = 0
    cut: int = 0


def closed(records: Sequence[Record], bulk_limit: int) -> list[Record]:
    """The records with every cut data set closed; those left with nothing are gone."""
    out: list[Record | None] = list(records)
    syntaxes: dict[tuple[int, int], str] = {}
    under_way: dict[tuple[int, bool], _DataSet] = {}
    for position, record in enumerate(records):
        pdu = _decoded(record)
        if isinstance(pdu, AssociateAccept):
            for context in pdu.contexts:
                syntaxes[record.tape, context.id] = context.transfer_syntax.rstrip("\0 ")
        if not isinstance(pdu, PData) or record.kept is None:
            continue
        key = (record.tape, record.outgoing)
        state = under_way.setdefault(key, _DataSet())
        for pdv in pdu.pdvs:
            if pdv.is_command:
                continue
            state.data += pdv.data
            if not state.records or state.records[-1] != position:
                state.records.append(position)
                state.cut += record.kept.cut
                state.length += record.kept.length
            if pdv.is_last:
                if state.cut:
                    del state.data[bulk_limit:]
                    end = _last_end(bytes(state.data), syntaxes.get((record.tape, pdv.context_id)))
                    _close(out, state, bytes(state.data[:end]))
                under_way[key] = state = _DataSet()
    return [record for record in out if record is not None]


def _decoded(record: Record) -> object:
    if record.kept is None or not record.kept.whole:
        return None
    try:
        return decode_pdu(record.kept.data)
    except DecodeError:
        return None


def _last_end(data: bytes, syntax: str | None) -> int:
    """Where the last whole element of the top level ends."""
    end = 0
    if syntax is None:
        return end
    try:
        for element in walk(data, syntax):
            if element.depth == 0:
                end = element.offset
                if not element.is_sequence:
                    end += element.header_length + len(element.value)
    except DecodeError:
        return end
    return len(data)


def _close(out: list[Record | None], state: _DataSet, data: bytes) -> None:
    *before, last = state.records
    for position in before:
        out[position] = _with(out[position], None)
    record = _with(out[last], data)
    if record is not None and record.kept is not None:
        cut = state.length - len(record.kept.data)
        out[last] = replace(record, kept=Kept(record.kept.data, state.length, cut))


def _with(record: Record | None, data: bytes | None) -> Record | None:
    """A record whose P-DATA-TF has `data` as its last data fragment, no other; None if nothing is left."""
    if record is None or record.kept is None:
        return record
    pdu = decode_pdu(record.kept.data)
    if not isinstance(pdu, PData):
        return record
    pdvs: list[Pdv] = [pdv for pdv in pdu.pdvs if pdv.is_command]
    if data is not None:
        final = next(pdv for pdv in reversed(pdu.pdvs) if not pdv.is_command and pdv.is_last)
        pdvs.append(replace(final, data=data))
    if not pdvs:
        return None
    encoded = PData(tuple(pdvs), pdu.reserved).encode()
    return replace(record, kept=replace(record.kept, data=encoded))
