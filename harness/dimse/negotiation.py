"""What two application entities settle when they associate: presentation contexts and user items.

The values in A-ASSOCIATE-RQ and -AC (PS3.8 9.3.2, 9.3.3, D.1, PS3.7 D.3.3); `items` turns them into bytes.
Names and UIDs are `str`, one character a byte (Latin-1), so that nothing a peer sends is lost.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from harness.dimse.errors import MisuseError

APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"
"""The one application context name of DICOM (PS3.7 A.2.1)."""
IMPLEMENTATION_CLASS_UID = "2.25.270189023157013427351273108297125712301"
IMPLEMENTATION_VERSION_NAME = "PACS-HARNESS_0.1"
DEFAULT_MAXIMUM_LENGTH = 65536


class Item(enum.IntEnum):
    """Item types of the A-ASSOCIATE PDUs."""

    APPLICATION_CONTEXT = 0x10
    PROPOSED_CONTEXT = 0x20
    ANSWERED_CONTEXT = 0x21
    ABSTRACT_SYNTAX = 0x30
    TRANSFER_SYNTAX = 0x40
    USER_INFORMATION = 0x50
    MAXIMUM_LENGTH = 0x51
    IMPLEMENTATION_CLASS_UID = 0x52
    ASYNC_WINDOW = 0x53
    ROLE_SELECTION = 0x54
    IMPLEMENTATION_VERSION_NAME = 0x55
    EXTENDED_NEGOTIATION = 0x56
    COMMON_EXTENDED_NEGOTIATION = 0x57
    USER_IDENTITY = 0x58
    USER_IDENTITY_RESPONSE = 0x59


class ContextResult(enum.IntEnum):
    """The answer to a proposed presentation context (PS3.8 9.3.3.2)."""

    ACCEPTANCE = 0
    USER_REJECTION = 1
    NO_REASON = 2
    ABSTRACT_SYNTAX_NOT_SUPPORTED = 3
    TRANSFER_SYNTAXES_NOT_SUPPORTED = 4


@dataclass(frozen=True, slots=True)
class RawItem:
    """An item or sub-item of a type that has no class here, or that came once too often."""

    type: int
    data: bytes
    reserved: int = 0


@dataclass(frozen=True, slots=True)
class ProposedContext:
    """A presentation context of A-ASSOCIATE-RQ (PS3.8 9.3.2.2).

    `reserved` holds bytes 2, 6, 7 and 8 of the item.  An empty `abstract_syntax` is an absent sub-item.
    """

    id: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]
    reserved: bytes = bytes(4)
    extra: tuple[RawItem, ...] = ()


@dataclass(frozen=True, slots=True)
class AnsweredContext:
    """A presentation context of A-ASSOCIATE-AC (PS3.8 9.3.3.2).

    `transfer_syntax` has a meaning where `result` is 0 only; empty stands for an absent sub-item.
    `further` holds transfer syntaxes past the first, which the standard does not allow.
    `reserved` holds bytes 2, 6 and 8 of the item.
    """

    id: int
    result: int
    transfer_syntax: str
    further: tuple[str, ...] = ()
    reserved: bytes = bytes(3)
    extra: tuple[RawItem, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether the context may be used."""
        return self.result == ContextResult.ACCEPTANCE


@dataclass(frozen=True, slots=True)
class RoleSelection:
    """SCP/SCU role selection (PS3.7 D.3.3.4): 1 for support of the role, 0 against."""

    sop_class: str
    scu: int
    scp: int


@dataclass(frozen=True, slots=True)
class AsyncWindow:
    """Asynchronous operations window (PS3.7 D.3.3.3); 0 is unlimited."""

    invoked: int
    performed: int


@dataclass(frozen=True, slots=True)
class ExtendedNegotiation:
    """SOP class extended negotiation (PS3.7 D.3.3.5); `data` is the service class's own."""

    sop_class: str
    data: bytes


@dataclass(frozen=True, slots=True)
class CommonExtendedNegotiation:
    """SOP class common extended negotiation (PS3.7 D.3.3.6)."""

    sop_class: str
    service_class: str
    related: tuple[str, ...] = ()
    version: int = 0
    reserved: bytes = b""


class IdentityType(enum.IntEnum):
    """Forms of a user's identity (PS3.7 D.3.3.7.1)."""

    USERNAME = 1
    USERNAME_AND_PASSCODE = 2
    KERBEROS = 3
    SAML = 4
    JWT = 5


@dataclass(frozen=True, slots=True)
class UserIdentity:
    """User identity of A-ASSOCIATE-RQ (PS3.7 D.3.3.7.1); `secondary` is the passcode."""

    type: int
    primary: bytes
    secondary: bytes = b""
    response_requested: int = 0

    def __repr__(self) -> str:  # a passcode or ticket must not reach a log
        lengths = f"primary={len(self.primary)} bytes, secondary={len(self.secondary)} bytes"
        return f"UserIdentity(type={self.type}, {lengths})"


@dataclass(frozen=True, slots=True)
class UserInformation:
    """The user information item (PS3.8 D.1, PS3.7 D.3.3).

    `maximum_length` is in bytes, 0 for unlimited, None for an absent sub-item.  `order` lists sub-item
    types in the order they go out; the empty tuple is the standard's increasing one, and what `order`
    does not name follows.  `present` False leaves the whole item out.
    """

    maximum_length: int | None = DEFAULT_MAXIMUM_LENGTH
    implementation_class_uid: str | None = IMPLEMENTATION_CLASS_UID
    implementation_version_name: str | None = IMPLEMENTATION_VERSION_NAME
    roles: tuple[RoleSelection, ...] = ()
    async_window: AsyncWindow | None = None
    extended: tuple[ExtendedNegotiation, ...] = ()
    common_extended: tuple[CommonExtendedNegotiation, ...] = ()
    user_identity: UserIdentity | None = None
    user_identity_response: bytes | None = None
    unknown: tuple[RawItem, ...] = ()
    order: tuple[int, ...] = ()
    present: bool = True


ABSENT_USER_INFORMATION = UserInformation(None, None, None, present=False)


def contexts(*pairs: tuple[str, Sequence[str]]) -> tuple[ProposedContext, ...]:
    """Presentation contexts with ids 1, 3, 5 … from pairs of abstract syntax and transfer syntaxes.

    Raises MisuseError beyond 128 of them (ids are odd and fit a byte, PS3.8 9.3.2.2).
    """
    if len(pairs) > 128:
        raise MisuseError(f"{len(pairs)} presentation contexts; an association takes 128 (odd ids up to 255)")
    return tuple(
        ProposedContext(2 * number + 1, abstract, tuple(transfers))
        for number, (abstract, transfers) in enumerate(pairs)
    )
