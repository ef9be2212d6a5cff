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
    at_stake: str = ""
    """What a failure may mean where the product is used."""


_SERVICES = (
    Service(
        "association",
        "Association",
        "how two systems connect and agree on what they will exchange",
        "Equipment of other vendors may fail to connect, or be cut off in the middle.",
    ),
    Service(
        "dimse",
        "Message exchange",
        "how requests and answers are put together on the wire",
        "Requests or answers may be misread between this product and equipment of other vendors.",
    ),
    Service(
        "verification",
        "Verification (C-ECHO)",
        "whether the system answers at all",
        "A connection test may fail although the line works, or succeed although it does not.",
    ),
    Service(
        "storage",
        "Storage (C-STORE)",
        "taking in images and keeping them unaltered",
        "Images may be refused, altered or lost on their way into the archive.",
    ),
    Service(
        "commitment",
        "Storage Commitment",
        "promising that images are kept, so that others may delete",
        "A scanner may delete its images too early, or never, since it can't rely on the archive's word.",
    ),
    Service(
        "find",
        "Query (C-FIND)",
        "searching for patients, studies, series and images",
        "A search may miss studies, show wrong ones, or end with an error.",
    ),
    Service(
        "move",
        "Retrieve (C-MOVE)",
        "sending images to another system on request",
        "Studies sent on request may arrive incomplete or not at all, or what arrived may be misreported.",
    ),
    Service(
        "get",
        "Retrieve (C-GET)",
        "handing images back to the system that asks",
        "A workstation may receive too little or too much, or be told wrongly what it received.",
    ),
    Service(
        "worklist",
        "Modality Worklist",
        "telling a scanner which patients are next",
        "A scanner may show wrong patients, or miss some.",
    ),
    Service(
        "mpps",
        "Performed Procedure Step",
        "hearing from a scanner what was done",
        "What was done at the scanner may be recorded wrongly or not at all.",
    ),
    Service(
        "consistency",
        "Consistency",
        "the same answer through every service",
        "Two ways to ask for the same thing may give different answers.",
    ),
    Service(
        "ai-results",
        "AI results",
        "segmentations, measurements and other results kept beside the images",
        "Results of software may be lost, or shown beside the wrong images.",
    ),
    Service(
        "fuzz",
        "Robustness",
        "staying alive and correct when fed odd or hostile data",
        "Odd or damaged data from the network may stop the product or confuse it.",
    ),
    Service(
        "security",
        "Security",
        "encryption, access control, audit and anonymisation",
        "Patient data may be read or changed by those who have no right to.",
    ),
    Service("ian", "Instance Availability Notification", "telling other systems that images are there"),
    Service("ups", "Unified Procedure Step", "lists of work for software and people"),
    Service(
        "patient-information", "Relevant Patient Information", "what is known of a patient, for a scanner"
    ),
    Service("hanging-protocols", "Hanging Protocols", "how images are laid out on a screen"),
    Service("print", "Print Management", "printing on film or paper"),
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
