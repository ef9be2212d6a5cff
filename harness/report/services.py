"""The services that a reader meets in a report, in DICOM's terms and in plain words."""

from __future__ import annotations

from dataclasses import dataclass

from harness.verdict import Run


@dataclass(frozen=True, slots=True)
class Service:
    """A group of requirements, named for people."""

    group: str
    title: str
    purpose: str


_SERVICES = (
    Service("association", "Association", "how two systems connect and agree on what they will exchange"),
    Service("dimse", "Message exchange", "how requests and answers are put together on the wire"),
    Service("verification", "Verification (C-ECHO)", "whether the system answers at all"),
    Service("storage", "Storage (C-STORE)", "taking in images and keeping them unaltered"),
    Service("commitment", "Storage Commitment", "promising that images are kept, so that others may delete"),
    Service("find", "Query (C-FIND)", "searching for patients, studies, series and images"),
    Service("move", "Retrieve (C-MOVE)", "sending images to another system on request"),
    Service("get", "Retrieve (C-GET)", "handing images back to the system that asks"),
    Service("worklist", "Modality Worklist", "telling a scanner which patients are next"),
    Service("mpps", "Performed Procedure Step", "hearing from a scanner what was done"),
    Service("consistency", "Consistency", "the same answer through every service"),
    Service(
        "ai-results", "AI results", "segmentations, measurements and other results kept beside the images"
    ),
    Service("fuzz", "Robustness", "staying alive and correct when fed odd or hostile data"),
    Service("security", "Security", "encryption, access control, audit and anonymisation"),
)
_BY_GROUP = {service.group: service for service in _SERVICES}
_ORDER = {service.group: number for number, service in enumerate(_SERVICES)}

_NEVER_EXAMINED = (
    ("commitment", "Storage Commitment (PS3.4 Annex J)"),
    ("worklist", "Modality Worklist (PS3.4 Annex K)"),
    ("mpps", "Modality Performed Procedure Step (PS3.4 Annex F)"),
    ("web", "DICOMweb: QIDO-RS, WADO-RS, STOW-RS (PS3.18)"),
    ("ups", "Unified Procedure Step (PS3.4 Annex CC)"),
    ("print", "Print Management (PS3.4 Annex H)"),
    ("media", "Media: DVD, USB, DICOMDIR (PS3.10, PS3.11)"),
    ("ian", "Instance Availability Notification (PS3.4 Annex R)"),
    ("display", "Image display, presentation states applied to a screen, and hanging protocols"),
    ("hl7", "HL7, FHIR and IHE integration profiles"),
    ("load", "Throughput and behaviour under load"),
    ("fuzz", "Robustness against malformed data"),
    ("security", "Security: encryption, access control, audit, anonymisation"),
)


def service_of(group: str) -> Service:
    """The Service of a group; a group of a user's own folder is named as it is."""
    return _BY_GROUP.get(group) or Service(group, group.replace("-", " ").capitalize() or "(no group)", "")


def groups_of(run: Run) -> list[str]:
    """The groups that have results, in the order in which a report shows them."""
    return in_order({result.requirement.group for result in run.results})


def in_order(groups: set[str]) -> list[str]:
    """`groups` sorted as a clinical exchange goes: connect, store, find, retrieve; own groups last."""
    return sorted(groups, key=lambda group: (_ORDER.get(group, len(_ORDER)), group))


def not_examined(run: Run) -> list[str]:
    """What this tool has no requirement for, so that silence isn't read as praise."""
    known = {result.requirement.group for result in run.results}
    known |= {requirement.group for requirement in run.unselected}
    return [title for group, title in _NEVER_EXAMINED if group not in known]
