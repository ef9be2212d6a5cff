"""Audit messages, PS3.15 A.5: DICOM's XML in RFC 5424 syslog, over UDP, TLS or into a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .config import AuditTarget, Destination
from .index import Instance
from .negotiation import Caller, Rejection

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


class Audit:
    """Without a target all of it does nothing."""

    def __init__(self, target: AuditTarget | None, ae_title: str) -> None:
        self._target = target
        self._ae_title = ae_title

    def association_began(self, caller: Caller) -> None: ...
    def rejected(self, caller: Caller, rejection: Rejection) -> None: ...
    def security_alert(self, address: str, reason: str) -> None: ...
    def stored(self, caller: Caller, command: Dataset, status: int) -> None: ...
    def queried(self, caller: Caller, sop_class: str, identifier: object) -> None: ...
    def transferred(
        self, caller: Caller, destination: Destination | None, instances: list[Instance], status: int | None
    ) -> None: ...
    def close(self) -> None: ...
