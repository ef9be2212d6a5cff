"""RunContext: what the plugin knows of the run it is in."""

from __future__ import annotations

import csv
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from harness.dimse.capture import Recorder
from harness.dimse.negotiation import UserIdentity
from harness.dimse.transport import Address
from harness.documents import appended
from harness.events import EventStream
from harness.foreign_text import csv_cell
from harness.plugin.identity import ScenarioRoot, Selection
from harness.plugin.order import Order
from harness.plugin.turns import Turns
from harness.scu.session import Peer, Stored
from harness.synthesis import SyntheticStudy, new_run_root
from harness.target import USER_IDENTITY_TYPES, Target, tls_context


@dataclass
class RunContext:
    """Target, folder, events and the state that scenarios share."""

    target: Target
    folder: Path
    events: EventStream
    roots: tuple[ScenarioRoot, ...]
    selection: Selection = field(default_factory=Selection)
    observe: bool = False
    """Only what writes nothing to the product."""
    narrow: bool = False
    """Whether to pass over modules that hold nothing selected: quicker, and nobody hears what they hold."""
    intrusive: bool = False
    run_root: str = field(default_factory=new_run_root)
    lost_after: str = ""
    """The id after which the product no longer answered, and was given up."""
    restarted_after: list[str] = field(default_factory=list)
    """The ids after which the product no longer answered, and was restarted."""
    arranged: list[SyntheticStudy] = field(default_factory=list)
    """Studies that were stored for scenarios to build on."""
    owed_results: set[str] = field(default_factory=set)
    """Transaction UIDs of storage commitment requests whose result was awaited and has not come."""
    on_stored: Callable[[Stored], None] = lambda stored: None
    order: Order = field(default_factory=Order)
    worker: int | None = None
    """The number of this process among the workers of a parallel run; None where it is the only one."""
    turns: Turns = field(default_factory=Turns)

    @property
    def was_lost(self) -> bool:
        """Whether the product no longer answered, be it that it was restarted."""
        return bool(self.lost_after or self.restarted_after)

    @property
    def ended_because(self) -> str:
        """The words for how a run ended that nobody interrupted."""
        return f"target lost after {self.lost_after}" if self.lost_after else "completed"

    def peer(self) -> Peer:
        """How to reach the product.  Raises TargetError for unusable TLS files."""
        return peer_of(self.target)


def peer_of(target: Target) -> Peer:
    """The wire layer's view of a Target.  Raises TargetError for unusable TLS files."""
    dimse = target.dimse
    identity = dimse.user_identity
    return Peer(
        address=Address(dimse.host, dimse.port),
        called_ae_title=dimse.called_ae_title,
        calling_ae_title=dimse.calling_ae_title,
        deadline=dimse.deadline,
        tls=None if dimse.tls is None else tls_context(dimse.tls),
        server_hostname=(dimse.tls.server_name or dimse.host) if dimse.tls else None,
        user_identity=None
        if identity is None
        else UserIdentity(
            USER_IDENTITY_TYPES[identity.type],
            primary=identity.primary.encode(),
            secondary=identity.secondary.encode(),
        ),
    )


def recorder_for(target: Target) -> Recorder:
    """Records associations with the target; what it masks of a user identity, it masks elsewhere too."""
    return Recorder(secrets=tuple(secret.encode() for secret in target.secrets))


class StoredLog:
    """``RUN/stored.csv``: every object that the product acknowledged, a line at once, for clean-up."""

    HEADER = ("study_instance_uid", "sop_instance_uid", "sop_class_uid", "patient_id", "status")

    def __init__(self, path: Path) -> None:
        self._file = appended(path)
        self._writer = csv.writer(self._file)
        self._writer.writerow(self.HEADER)
        self._file.flush()
        self._lock = threading.Lock()
        self.studies: dict[str, int] = {}
        """Study Instance UID → acknowledged objects, in order of appearance."""

    def __call__(self, stored: Stored) -> None:
        with self._lock:
            self.studies[stored.study_uid] = self.studies.get(stored.study_uid, 0) + 1
            self._writer.writerow(
                map(
                    csv_cell,
                    (
                        stored.study_uid,
                        stored.sop_instance_uid,
                        stored.sop_class,
                        stored.patient_id,
                        f"0x{stored.status:04X}",
                    ),
                )
            )
            self._file.flush()

    def close(self) -> None:
        self._file.close()
