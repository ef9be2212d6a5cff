"""Seeing what a product offers, on associations that write nothing: negotiation, C-ECHO, empty C-FIND."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from harness.capabilities import Capabilities, LevelAnswer, OfferedClass, Option, TransferSyntax
from harness.dimse.association import Association
from harness.dimse.errors import AssociationRejected, DimseError, NoAnswer, Unreachable
from harness.dimse.negotiation import AsyncWindow, ExtendedNegotiation, RoleSelection, UserInformation
from harness.scu.acceptance import results_of
from harness.scu.catalogue import OTHER_SERVICES, name_of, storage_classes, transfer_syntaxes
from harness.scu.find import find_with
from harness.scu.identifier import keys_of
from harness.scu.session import Scu
from harness.scu.uids import UNCOMPRESSED, VERIFICATION, QueryLevel, Root

CONTEXTS = 120
"""Presentation contexts offered at once; an association takes 128 (PS3.8 9.3.2.2)."""
MAX_ASSOCIATIONS = 250
"""What a look at a product may open, one after the other; a hundred are usual."""
MAX_FAILURES = 5
"""Associations that may fail before the look is given up: a product that chokes is not pushed on."""
CANCEL_AFTER = 10
"""Responses after which a query that should match nothing is cancelled."""
NO_SUCH_PATIENT = "PHTEST-NO-SUCH-PATIENT"
NO_SUCH_UID = "2.25.270189023157013427351273108297125712999"
"""Under a UUID of the harness's own (PS3.5 B.2): nobody has a study of that name."""

_ASKED_AS_SCU_ONLY = bytes((3, 0, 0, 0, 2, 0))
"""Storage extended negotiation of a requestor that is SCU only (PS3.4 B.3.1.1)."""
_FIND_OPTIONS = (
    "relational-queries",
    "date-time-matching",
    "fuzzy-person-names",
    "timezone-adjustment",
    "query-view",
)
_RETRIEVE_OPTIONS = ("relational-retrieval", "retrieve-view")
_STORAGE_OPTIONS = {0: "storage-level", 2: "signature-level", 4: "element-coercion"}

_TRANSFER_SYNTAXES_NOT_SUPPORTED = 4
Pair = tuple[str, tuple[str, ...]]
"""An abstract syntax and the transfer syntaxes that it is offered in."""


@dataclass
class _Looker:
    """Opens associations within bounds, and remembers what went wrong."""

    scu: Scu
    opened: int = 0
    failed: int = 0
    ended: bool = False
    """Set where to go on would only disturb the product; no association is opened after it."""
    remarks: list[str] = field(default_factory=list)

    def open(self, pairs: Sequence[Pair], what: str, **more: Any) -> Association | None:
        """An association, or None where the product does not take it or the look has ended."""
        if not self.ended and self.opened >= MAX_ASSOCIATIONS:
            self.ended = True
            self.remarks.append(f"{MAX_ASSOCIATIONS} associations were opened; {what} was not asked any more")
        if self.ended:
            return None
        self.opened += 1
        try:
            return self.scu.open(*pairs, **more)
        except DimseError as error:
            self.failure(what, error)
            return None

    def failure(self, what: str, error: DimseError) -> None:
        """Note it, and end the look where the product is silent, has no room, or fails again and again."""
        self.failed += 1
        silent = isinstance(error, NoAnswer | Unreachable)
        no_room = isinstance(error, AssociationRejected) and error.transient
        self.ended = silent or no_room or self.failed >= MAX_FAILURES
        self.remarks.append(f"{what}: {error}" + ("; nothing more was asked" if self.ended else ""))

    def answers(self, pairs: Sequence[Pair], what: str) -> Iterator[tuple[Pair, int | None]]:
        """Each pair with the result of its presentation context; halved where the product chokes on many."""
        for start in range(0, len(pairs), CONTEXTS - 1):
            yield from self._answers(pairs[start : start + CONTEXTS - 1], what)

    def _answers(self, pairs: Sequence[Pair], what: str) -> Iterator[tuple[Pair, int | None]]:
        # Beside Verification: some reject an association of which they take nothing (PS3.8 7.1.1.7).
        asks_for_it = any(abstract == VERIFICATION for abstract, _ in pairs)
        beside: list[Pair] = [] if asks_for_it else [(VERIFICATION, UNCOMPRESSED)]
        association = self.open(
            [*beside, *pairs], f"{len(pairs)} presentation contexts offered to see {what}"
        )
        if association is not None:
            results = results_of(association.accepted)
            _release(association)
            for number, pair in enumerate(pairs):
                answer = results.get(2 * (number + len(beside)) + 1)
                yield pair, answer.result if answer else None
        elif self.ended or len(pairs) == 1:
            yield from ((pair, None) for pair in pairs)
        else:
            half = len(pairs) // 2
            yield from self._answers(pairs[:half], what)
            yield from self._answers(pairs[half:], what)


def observe(scu: Scu) -> Capabilities:
    """What the product offers.  Raises DimseError where not even Verification can be negotiated.

    Only negotiates and queries for what nobody has.  What it chokes on is a remark and not an error.
    """
    with scu.open(VERIFICATION) as association:
        user = association.accepted.user
    seen = Capabilities(
        implementation_class_uid=user.implementation_class_uid or "",
        implementation_version_name=user.implementation_version_name or "",
        maximum_length=user.maximum_length,
        async_window=None,
        transfer_syntaxes=tuple(TransferSyntax(uid, name_of(uid)) for uid in transfer_syntaxes()),
    )
    looker = _Looker(scu)
    for step in (_classes, _syntaxes, _roles_and_options, _window, _levels):
        seen = step(looker, seen)
    return replace(seen, remarks=tuple(looker.remarks))


def _classes(looker: _Looker, seen: Capabilities) -> Capabilities:
    asked = [*OTHER_SERVICES, *((uid, "storage") for uid in storage_classes())]
    services = dict(asked)
    pairs: list[Pair] = [(uid, UNCOMPRESSED) for uid, _ in asked]
    found = [
        OfferedClass(uid, name_of(uid), services[uid], result)
        for (uid, _), result in looker.answers(pairs, "which SOP classes are offered")
    ]
    return replace(seen, classes=tuple(found))


def _syntaxes(looker: _Looker, seen: Capabilities) -> Capabilities:
    """Every class that may be accepted, in each transfer syntax alone."""
    what = "which transfer syntaxes are taken"
    classes = [
        one
        for one in seen.classes
        if one.accepted or (one.service == "storage" and one.result == _TRANSFER_SYNTAXES_NOT_SUPPORTED)
    ]
    pairs: list[Pair] = [
        (one.uid, (syntax,))
        for one in classes
        for syntax in (transfer_syntaxes() if one.service == "storage" else UNCOMPRESSED)
    ]
    taken: dict[str, list[str]] = {one.uid: [] for one in classes}
    answers = looker.answers(pairs, what)
    if _takes_one_of_several(looker, classes):
        # Each association has a class once, then: more of them, for products that would hide the rest.
        batches = ([pair for pair in pairs if pair[1] == (syntax,)] for syntax in transfer_syntaxes())
        answers = chain.from_iterable(looker.answers(batch, what) for batch in batches)
    for (uid, (syntax,)), result in answers:
        if result == 0:
            taken[uid].append(syntax)
    return replace(
        seen,
        classes=tuple(
            replace(one, transfer_syntaxes=tuple(taken[one.uid]), result=0) if taken.get(one.uid) else one
            for one in seen.classes
        ),
    )


def _takes_one_of_several(looker: _Looker, classes: Sequence[OfferedClass]) -> bool:
    """Whether of several contexts of a class no more than one is taken, as PS3.5 10.1 b) allows."""
    first = next((one.uid for one in classes if one.service == "storage" and one.accepted), None)
    if first is None:
        return False
    what = "whether several contexts of a class are taken"

    def is_taken(*syntaxes: str) -> list[bool]:
        pairs: list[Pair] = [(first, (syntax,)) for syntax in syntaxes]
        return [result == 0 for _, result in looker.answers(pairs, what)]

    together = is_taken(*UNCOMPRESSED)
    alone = [is_taken(syntax) == [True] for syntax in UNCOMPRESSED]
    return sum(together) == 1 and all(alone)


def _roles_and_options(looker: _Looker, seen: Capabilities) -> Capabilities:
    """SCP/SCU role selection and extended negotiation, for what was accepted."""
    answered: dict[str, OfferedClass] = {}
    accepted = [one for one in seen.accepted() if one.service in ("storage", "find", "move", "get")]
    for start in range(0, len(accepted), CONTEXTS):
        batch = accepted[start : start + CONTEXTS]
        association = looker.open(
            [(one.uid, one.transfer_syntaxes or UNCOMPRESSED) for one in batch],
            "role selection and extended negotiation",
            roles=tuple(RoleSelection(one.uid, 1, 1) for one in batch if one.service == "storage"),
            extended=tuple(ExtendedNegotiation(one.uid, _request_of(one)) for one in batch),
        )
        if association is None:
            continue
        user = association.accepted.user
        _release(association)
        answered |= {one.uid: _with_answers(one, user) for one in batch}
    return replace(seen, classes=tuple(answered.get(one.uid, one) for one in seen.classes))


def _request_of(one: OfferedClass) -> bytes:
    if one.service == "storage":
        return _ASKED_AS_SCU_ONLY
    return bytes([1] * len(_FIND_OPTIONS if one.service == "find" else _RETRIEVE_OPTIONS))


def _with_answers(one: OfferedClass, user: UserInformation) -> OfferedClass:
    role = next((role for role in user.roles if role.sop_class == one.uid), None)
    data = next((item.data for item in user.extended if item.sop_class == one.uid), b"")
    names: dict[int, str] = (
        _STORAGE_OPTIONS
        if one.service == "storage"
        else dict(enumerate(_FIND_OPTIONS if one.service == "find" else _RETRIEVE_OPTIONS))
    )
    return replace(
        one,
        gives_back=bool(role.scp) if role else None,
        options=tuple(Option(names[at], value) for at, value in enumerate(data) if at in names),
    )


def _window(looker: _Looker, seen: Capabilities) -> Capabilities:
    association = looker.open(
        [(VERIFICATION, UNCOMPRESSED)], "an asynchronous operations window", async_window=AsyncWindow(8, 8)
    )
    if association is None:
        return seen
    window = association.accepted.user.async_window
    _release(association)
    return replace(seen, async_window=(window.invoked, window.performed) if window else None)


def _levels(looker: _Looker, seen: Capabilities) -> Capabilities:
    """One C-FIND per model and level, for a patient and a study that nobody has."""
    found: list[LevelAnswer] = []
    models = {one.uid for one in seen.accepted("find")}
    for root in Root:
        levels = [level for level in QueryLevel if root is Root.PATIENT or level is not QueryLevel.PATIENT]
        found += [_ask(looker, root, level) for level in levels if root.find in models]
    return replace(seen, levels=tuple(found))


def _ask(looker: _Looker, root: Root, level: QueryLevel) -> LevelAnswer:
    what = f"C-FIND at {level} in {root.value}"
    association = looker.open([(root.find, UNCOMPRESSED)], what)
    if association is None:
        return LevelAnswer(root.find, str(level), None, "not asked, or no association for it")
    uids = {
        "StudyInstanceUID": (QueryLevel.STUDY, QueryLevel.SERIES, QueryLevel.IMAGE),
        "SeriesInstanceUID": (QueryLevel.SERIES, QueryLevel.IMAGE),
        "SOPInstanceUID": (QueryLevel.IMAGE,),
    }
    keys: dict[str, Any] = {key: NO_SUCH_UID for key, levels in uids.items() if level in levels}
    if root is Root.PATIENT:
        keys["PatientID"] = NO_SUCH_PATIENT
    try:
        matches = find_with(association, root.find, keys_of(level, keys), cancel_after=CANCEL_AFTER)
    except DimseError as error:
        association.abort()
        looker.failure(what, error)
        return LevelAnswer(root.find, str(level), None, str(error))
    _release(association)
    odd = f"{len(matches.pending)} matches for keys that nothing has" if matches.pending else ""
    return LevelAnswer(root.find, str(level), matches.status, odd)


def _release(association: Association) -> None:
    """End it in good order; what a product does with a release is judged elsewhere."""
    with contextlib.suppress(DimseError):
        association.release()
    association.close()
