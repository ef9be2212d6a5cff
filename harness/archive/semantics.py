"""What the archive decides, gathered in one class of small methods: override one to build a variant or a
defect.

The methods call pure functions or raise `Refused`; they hold no connection and no file. Methods of the two
retrieve services and of commitment are used by both of their forms.
"""

from __future__ import annotations

import hmac
import ssl
from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from . import encoding, identifiers, matching
from .attributes import UNIQUE_KEYS, Attribute, AttributeSet, Level, Root
from .identifiers import Query
from .index import Entity, Index, Instance, Selection
from .negotiation import Caller, ContextAnswer, ContextProposal, Identity, IdentityAnswer, Rejection, Role
from .scheduling import Scheduling
from .sopclasses import QUERY_RETRIEVE, Service, is_uid, service_of
from .status import (
    CANCEL,
    CLASS_NOT_SUPPORTED,
    DUPLICATE_INSTANCE,
    MISMATCH,
    PENDING,
    PENDING_WARNING,
    SUCCESS,
    UNABLE_TO_PERFORM,
    WARNING_SUBOPERATIONS,
    Answer,
    Refused,
)

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from .config import ArchiveConfig, Destination, KnownCaller, TlsFiles
    from .messages import Message
    from .retrieve import Progress
    from .storage import Staged


class Semantics(Scheduling):
    """The reference behaviour."""

    def __init__(self, config: ArchiveConfig) -> None:
        self.config = config

    # -- secure transport (PS3.15 B) -------------------------------------------------------------------

    def tls_context(self, files: TlsFiles) -> ssl.SSLContext:
        """A server's context after BCP 195 (PS3.15 B.9).  OSError for unusable files.

        TLS 1.2 or later, ephemeral keys and authenticated encryption alone (RFC 9325 3.1.1, 4.2).
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
        context.load_cert_chain(files.certificate, files.key)
        if files.client_authority is not None:
            context.load_verify_locations(files.client_authority)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def speaks_in_clear(self) -> bool:
        """Whether a connection that does not begin with a TLS handshake is served without TLS."""
        return False

    def admits(self, connection: ssl.SSLSocket) -> bool:
        """Whether a client is served whose handshake has come to its end."""
        return True

    # -- audit trail (PS3.15 A.5 to A.7) ---------------------------------------------------------------

    def audited(self, message: Element) -> Element | None:
        """Every audit message before it's encoded; None keeps it back."""
        return message

    def audit_line(self, line: bytes) -> bytes:
        """Every syslog message before it's sent, in the thread that sends it."""
        return line

    # -- association (PS3.8 7.1, PS3.7 D.3) ------------------------------------------------------------

    def announced(self, kind: int, length: int) -> None:
        """A PDU begins, of that type, and says that it is so long; whether it may is judged behind this."""

    def outgoing_pdu(self, pdu: bytes) -> bytes:
        """Every PDU before it's sent; empty bytes send nothing."""
        return pdu

    def artim(self) -> float:
        """The ARTIM timer in seconds (PS3.8 9.1.5)."""
        return self.config.artim

    def farewell(self) -> bytes:
        """What is sent when that ends without a request, before the connection is closed (PS3.8 9.2.3)."""
        return b""

    def admit(self, caller: Caller, open_associations: int) -> Rejection | None:
        """Refuse a caller (PS3.8 9.3.4), or not."""
        if self.config.misbehaviour.reject is not None:
            return Rejection(*self.config.misbehaviour.reject)
        if self.config.callers and not any(self.is_caller(known, caller) for known in self.config.callers):
            return Rejection(1, 1, 3)
        if self.config.check_called_title and caller.called != self.config.ae_title:
            return Rejection(1, 1, 7)
        if open_associations >= self.config.maximum_associations:
            return Rejection(2, 3, 2)
        return None

    def is_caller(self, known: KnownCaller, caller: Caller) -> bool:
        """Whether it's this one who calls: letter by letter, and from its address where one is known."""
        return caller.calling == known.ae_title and known.host in ("", caller.address)

    def identify(self, identity: Identity | None) -> IdentityAnswer:
        """Check a user identity, where passcodes are configured; else it's not supported and ignored."""
        if not self.config.passcodes:
            return IdentityAnswer(True)
        if identity is None:
            return IdentityAnswer(False)
        right = identity.kind == 2 and self.is_user(identity.primary, identity.secondary)
        # PS3.7 D.3.3.7.2: the response is empty for user names.
        return IdentityAnswer(right, b"" if right and identity.wants_response else None)

    def is_user(self, name: bytes, passcode: bytes) -> bool:
        """Whether that is the user's passcode; what it takes to find out doesn't tell how much was right."""
        expected = dict(self.config.passcodes).get(name.decode("utf-8", "replace"))
        is_same = hmac.compare_digest(passcode, (expected or "").encode())
        return expected is not None and is_same

    def refuses_after(self, wrong: int) -> float:
        """Seconds before so many wrong identities in a row are refused: three at once, then ever later."""
        return min(0.5, 0.125 * 2.0 ** (wrong - 4)) if wrong > 3 else 0.0

    def extended_negotiation(self, sop_class: str, offered: bytes) -> bytes | None:
        """Answer SOP Class Extended Negotiation (PS3.4 C.5.1.1, C.5.2.1): relational, combined date-time.

        Never longer than what was offered, never 1 where 0 was; None answers nothing.
        """
        if sop_class not in QUERY_RETRIEVE or not offered:
            return None
        supported = (1, 1, 0, 0, 0) if QUERY_RETRIEVE[sop_class][1] == "FIND" else (1, 0)
        return bytes(
            min(ours, 1 if theirs == 1 else 0) for ours, theirs in zip(supported, offered, strict=False)
        )

    def asynchronous_window(self, offered: tuple[int, int] | None) -> tuple[int, int] | None:
        """Answer the asynchronous operations window (PS3.7 D.3.3.3): synchronous, so nothing is answered."""
        return None

    def answer_contexts(self, proposals: Sequence[ContextProposal]) -> list[ContextAnswer]:
        """Answer the presentation contexts of one request, in their order: each for itself here."""
        return [self.answer_context(one.abstract_syntax, one.syntaxes, one.role) for one in proposals]

    def answer_context(
        self, abstract_syntax: str, syntaxes: Sequence[str], role: Role | None
    ) -> ContextAnswer:
        """Accept a presentation context with one of its transfer syntaxes, or reject it (PS3.8 9.3.3.2)."""
        service = service_of(abstract_syntax, self.config.unknown_classes)
        if service is None or (service is Service.WORKLIST and self.config.worklist is None):
            return ContextAnswer(3, syntaxes[0])
        granted = self.answer_role(abstract_syntax, role)
        if granted is not None and not granted.scu and not granted.scp:
            return ContextAnswer(1, syntaxes[0])
        chosen = self.choose_transfer_syntax(service, syntaxes, role)
        return ContextAnswer(0, chosen) if chosen else ContextAnswer(4, syntaxes[0])

    def choose_transfer_syntax(
        self, service: Service, syntaxes: Sequence[str], role: Role | None
    ) -> str | None:
        """The transfer syntax of a context.

        Storage takes the requestor's first; where the requestor only receives (C-GET), one that every stored
        object can be brought to is worth more. Everything else is a small data set in a native syntax.
        """
        if service is Service.STORAGE:
            if role is not None and not role.scu:
                return next((uid for uid in encoding.NATIVE[:2] if uid in syntaxes), syntaxes[0])
            return syntaxes[0]
        return next((uid for uid in syntaxes if uid in encoding.NATIVE), None)

    def answer_role(self, abstract_syntax: str, offered: Role | None) -> Role | None:
        """Answer a role selection item (PS3.7 D.3.3.4): both roles for storage, SCU alone for the rest."""
        if offered is None:
            return None
        is_storage = service_of(abstract_syntax, self.config.unknown_classes) is Service.STORAGE
        return Role(offered.scu, offered.scp and is_storage)

    # -- all services ----------------------------------------------------------------------------------

    def permits(self, caller: Caller, service: Service) -> bool:
        """Whether who was admitted may use a service (PS3.7 C.5.25): all of them."""
        return True

    def check_sop_class(self, abstract_syntax: str, affected: str) -> None:
        """The class of a request is that of its context. Raises Refused."""
        if affected != abstract_syntax:
            raise Refused(CLASS_NOT_SUPPORTED, "SOP class of the request isn't that of its context")

    def response_command(self, request: Message, command: Dataset) -> Dataset:
        """Every response command set before it's encoded."""
        return command

    def echo_status(self) -> int:
        """Status of a C-ECHO."""
        status = self.config.misbehaviour.echo_status
        return SUCCESS if status is None else status

    # -- storage (PS3.4 B.2) ---------------------------------------------------------------------------

    def may_name(self, uid: str) -> bool:
        """Whether an instance may be called so (PS3.5 9.1)."""
        return is_uid(uid)

    def check_object(self, sop_class: str, sop_instance: str, attributes: AttributeSet) -> None:
        """Command and data set name the same instance of the same class, and its place. Raises Refused."""
        for tag, name, told in (
            (0x00080016, "SOP Class UID", sop_class),
            (0x00080018, "SOP Instance UID", sop_instance),
        ):
            if attributes.text(tag) != told:
                raise Refused(MISMATCH, f"{name} of command and data set differ", tag)
        for tag, name in ((0x0020000D, "Study Instance UID"), (0x0020000E, "Series Instance UID")):
            if not attributes.text(tag):
                raise Refused(MISMATCH, f"the data set has no {name}", tag)

    def duplicate(self, known: Instance, received: Instance, attributes: AttributeSet) -> Answer:
        """An instance that's there already: Success for the same bytes, else the first stays and 0111H is
        said.

        PS3.4 B.2.3 names no status for it; 0111H is PS3.7's "duplicate SOP Instance".
        """
        if known.digest == received.digest and known.transfer_syntax == received.transfer_syntax:
            return Answer(SUCCESS)
        return Answer(DUPLICATE_INSTANCE, "a different object with this SOP Instance UID is kept")

    def coerced(self, staged: Staged) -> Staged:
        """What is kept of a received object: all of it."""
        return staged

    def indexed(self, attributes: AttributeSet) -> AttributeSet:
        """What the index gets to know of an object."""
        return attributes

    def kept(self) -> Answer:
        """The answer for an object that was kept."""
        return Answer(SUCCESS)

    def store_answer(self, answer: Answer) -> Answer:
        """The answer of a C-STORE before it's sent."""
        return answer

    # -- query (PS3.4 C.4.1) ---------------------------------------------------------------------------

    def level_of_request(self, root: Root, identifier: AttributeSet) -> Level:
        """Query/Retrieve Level (0008,0052) of a request. Raises Refused."""
        text = identifier.text(0x00080052)
        level = next((level for level in root.levels if level.value == text), None)
        if level is None:
            raise Refused(MISMATCH, f"{root.value} has no level {text!r}", 0x00080052)
        return level

    def check_hierarchy(self, query: Query) -> None:
        """A baseline query has one value for the unique key of each level above (C.4.1.2.1). Raises
        Refused.
        """
        if query.relational:
            return
        for level in query.root.levels:
            if level.depth < query.level.depth:
                key = query.keys.get(UNIQUE_KEYS[level])
                if key is None or len(key.values) != 1 or not key.values[0]:
                    raise Refused(
                        MISMATCH, f"one value needed for the unique key of {level.value}", UNIQUE_KEYS[level]
                    )
                if matching.has_wild_card(key.values[0]):
                    raise Refused(
                        MISMATCH, f"no wild card in the unique key of {level.value}", UNIQUE_KEYS[level]
                    )

    def selection(self, query: Query) -> Selection:
        """What the index can leave out: entities beneath other unique keys."""
        return identifiers.selection_of(query)

    def match_value(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        """One key against one attribute (C.2.2.2). Raises InvalidKey."""
        return matching.matches(key, candidate)

    def match_entity(self, query: Query, attributes: AttributeSet) -> bool:
        """All keys of a query against an entity. Raises InvalidKey."""
        taken: frozenset[int] = frozenset()
        if query.combined_date_time:
            for date, time in matching.DATE_TIME_PAIRS:
                if identifiers.is_combined(query, date, time):
                    taken |= {date, time}
                    if not self.match_combined(query, date, time, attributes):
                        return False
        return all(
            self.match_value(key, attributes.get(tag), tag)
            for tag, key in query.matched.items()
            if tag not in taken
        )

    def match_combined(self, query: Query, date: int, time: int, attributes: AttributeSet) -> bool:
        """A pair of ranges as one (C.2.2.2.5.4); an entity without date or time matches."""
        if not attributes.text(date) or not attributes.text(time):
            return self.match_value(query.keys.elements[date], attributes.get(date), date)
        return matching.match_combined(
            query.keys.text(date), query.keys.text(time), attributes.text(date), attributes.text(time)
        )

    def computed(self, index: Index, entity: Entity, tag: int) -> Attribute | None:
        """An attribute that describes what is beneath an entity (C.3.4)."""
        return identifiers.computed(index, entity, tag)

    def response_attributes(self, query: Query, attributes: AttributeSet) -> AttributeSet:
        """The identifier of a match (C.4.1.1.3.2)."""
        return identifiers.response_attributes(query, attributes, self.config.ae_title)

    def encode_response(self, query: Query, attributes: AttributeSet, transfer_syntax: str) -> bytes:
        """The bytes of a response identifier, in a character set that holds them."""
        return identifiers.encode_response(query, attributes, transfer_syntax)

    def pending_status(self, query: Query) -> int:
        """FF00H, or FF01H if an optional key wasn't supported (C.4.1.1.4)."""
        return PENDING_WARNING if query.unsupported else PENDING

    def find_final(self, answer: Answer) -> Answer:
        """The final answer of a C-FIND before it's sent."""
        return answer

    def cancelled(self) -> Answer:
        """The final answer after a C-CANCEL."""
        return Answer(CANCEL)

    # -- retrieve (PS3.4 C.4.2, C.4.3) -----------------------------------------------------------------

    def retrieve_selection(
        self, root: Root, level: Level, identifier: AttributeSet, relational: bool
    ) -> Selection:
        """The entities that a retrieval names by unique keys alone. Raises Refused."""
        return identifiers.retrieve_selection(root, level, identifier, relational)

    def to_send(self, instances: list[Instance]) -> list[Instance]:
        """The objects of the sub-operations, in order."""
        return instances

    def destination(self, ae_title: str) -> Destination | None:
        """A move destination by its AE title."""
        return next((d for d in self.config.destinations if d.ae_title == ae_title), None)

    def proposed_syntaxes(self, stored: str) -> tuple[tuple[str, ...], ...]:
        """Transfer syntaxes of the contexts proposed for a class with an object stored so, a context each.

        The stored one by itself, so that the peer's answer tells whether it takes it; and the default one,
        which PS3.5 10.1 demands, with the other native one.
        """
        native = (encoding.EXPLICIT_LITTLE, encoding.IMPLICIT_LITTLE)
        own = () if stored in native else ((stored,),)
        return (*own, (encoding.EXPLICIT_LITTLE,), (encoding.IMPLICIT_LITTLE,))

    def sending_syntax(self, stored: str, accepted: Sequence[str]) -> str | None:
        """The transfer syntax to send an object in, of those accepted for its class."""
        if stored in accepted:
            return stored
        return next((uid for uid in encoding.NATIVE if uid in accepted), None)

    def sent_bytes(self, instance: Instance, data: bytes) -> bytes:
        """A re-encoded data set before it's sent (one in its stored syntax goes out from the file)."""
        return data

    def store_request(self, command: Dataset) -> Dataset:
        """The command set of a C-STORE sub-operation."""
        return command

    def outcome_of(self, status: int) -> str:
        """`completed`, `warning` or `failed` for the status of a sub-operation (PS3.4 B.2.3)."""
        if status == SUCCESS:
            return "completed"
        return "warning" if status & 0xF000 == 0xB000 or status in (0x0001, 0x0107, 0x0116) else "failed"

    def counts(self, progress: Progress, *, final: bool, status: int) -> dict[str, int]:
        """Sub-operation counts of a response (C.4.2.1.6 to C.4.2.1.9)."""
        counts = {
            "NumberOfCompletedSuboperations": progress.completed,
            "NumberOfFailedSuboperations": progress.failed,
            "NumberOfWarningSuboperations": progress.warning,
        }
        if not final or status == CANCEL:
            counts["NumberOfRemainingSuboperations"] = progress.remaining
        return counts

    def moves_elsewhere(self) -> bool:
        """Whether the sub-operations of a C-MOVE run on another association than the move (PS3.4 C.4.2)."""
        return True

    def may_send(self, role: Role | None) -> bool:
        """Whether a C-GET may send objects of a class on whose role was agreed so (PS3.7 D.3.3.4)."""
        return role is not None and role.scp

    def obeys_cancel(self) -> bool:
        """Whether a C-CANCEL is looked for between two matches or sub-operations."""
        return True

    def sends_pending(self) -> bool:
        """Whether pending responses are sent during a retrieval (they're optional)."""
        return True

    def retrieve_final(self, progress: Progress) -> Answer:
        """Final status of a retrieval that wasn't cancelled (C.4.2.3.1, C.4.3.3.1)."""
        if progress.failed == 0 and progress.warning == 0:
            return Answer(SUCCESS)
        if progress.completed == 0 and progress.warning == 0:
            return Answer(UNABLE_TO_PERFORM, progress.reason or "every sub-operation failed")
        return Answer(WARNING_SUBOPERATIONS, progress.reason or "some sub-operations failed or warned")

    def failed_list(self, progress: Progress) -> tuple[str, ...]:
        """Failed SOP Instance UID List (0008,0058) of a final response."""
        return tuple(progress.failed_instances)

    # -- storage commitment (PS3.4 J.3) ----------------------------------------------------------------

    def commits(self, known: Instance | None, sop_class: str, is_safe: bool) -> int | None:
        """Failure Reason (0008,1197) for a reference, or None if the archive is committed to it."""
        if known is None or not is_safe:
            return 0x0112
        return None if known.sop_class == sop_class else 0x0119

    def commitment_event(self, any_failed: bool) -> int:
        """Event Type ID: 1 all are safe, 2 failures exist (J.3.3.1)."""
        return 2 if any_failed else 1

    def commitment_information(self, information: AttributeSet) -> AttributeSet:
        """The event information of a result (table J.3-2) before it's encoded."""
        return information
