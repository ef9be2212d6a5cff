"""What C-MOVE and C-GET have in common: responses and sub-operation counts (PS3.4 C.4.2 and C.4.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.dimse.command import CommandSet
from harness.dimse.errors import PeerViolation
from harness.scu.identifier import Identifier, read_identifier
from harness.scu.status import describe
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticInstance, SyntheticSeries, SyntheticStudy


def keys_for(
    root: Root,
    level: QueryLevel,
    study: SyntheticStudy,
    series: SyntheticSeries | None = None,
    instances: Sequence[SyntheticInstance] = (),
) -> dict[str, str | list[str]]:
    """The unique keys of a retrieval without relational behaviour (PS3.4 C.4.2.2.1).

    One value for each level above, at IMAGE level the instances' UIDs; ``series`` for SERIES and IMAGE.
    """
    keys: dict[str, str | list[str]] = {}
    if root is Root.PATIENT:
        keys["PatientID"] = study.patient_id
    if level is not QueryLevel.PATIENT:
        keys["StudyInstanceUID"] = study.study_uid
    if level in (QueryLevel.SERIES, QueryLevel.IMAGE) and series is not None:
        keys["SeriesInstanceUID"] = series.series_uid
    if level is QueryLevel.IMAGE:
        keys["SOPInstanceUID"] = [instance.sop_instance_uid for instance in instances]
    return keys


def keys_to(root: Root, instances: Sequence[SyntheticInstance]) -> dict[str, str | list[str]]:
    """The unique keys that name stored objects of one series, at IMAGE level."""
    first = instances[0]
    above = ("StudyInstanceUID", "SeriesInstanceUID")
    keys: dict[str, str | list[str]] = {
        keyword: first.text(keyword) for keyword in (("PatientID", *above) if root is Root.PATIENT else above)
    }
    return keys | {"SOPInstanceUID": [instance.sop_instance_uid for instance in instances]}


def part_of(
    study: SyntheticStudy, root: Root, level: QueryLevel
) -> tuple[dict[str, str | list[str]], tuple[SyntheticInstance, ...]]:
    """What selects a study, its first series or two objects of that, and the objects selected."""
    series = study.series[0]
    chosen = {QueryLevel.SERIES: series.instances, QueryLevel.IMAGE: series.instances[:2]}
    selected = tuple(chosen.get(level, study.instances))
    return keys_for(root, level, study, series, selected), selected


def keys_without_unique_one(
    study: SyntheticStudy, level: QueryLevel, *, empty: bool
) -> dict[str, str | list[str]]:
    """The keys of a SERIES or IMAGE retrieval of which the unique key is empty or absent, Study Root."""
    keys = keys_for(Root.STUDY, level, study, study.series[0])
    unique = "SeriesInstanceUID" if level is QueryLevel.SERIES else "SOPInstanceUID"
    keys.pop(unique)
    return {**keys, unique: ""} if empty else keys


@dataclass(frozen=True, slots=True)
class Counts:
    """The sub-operation counts of one response; None where the response has no such element."""

    remaining: int | None
    completed: int | None
    failed: int | None
    warning: int | None


def counts_of(response: CommandSet) -> Counts:
    """The counts of a response (PS3.7 9.3.3.2 and 9.3.4.2).  PeerViolation where one is no number."""

    def number(keyword: str) -> int | None:
        return response.integer(keyword) if keyword in response else None

    return Counts(
        number("NumberOfRemainingSuboperations"),
        number("NumberOfCompletedSuboperations"),
        number("NumberOfFailedSuboperations"),
        number("NumberOfWarningSuboperations"),
    )


@dataclass(frozen=True, slots=True)
class Retrieval:
    """All the responses to one C-MOVE or C-GET."""

    pending: tuple[CommandSet, ...]
    final: CommandSet
    final_data_set: bytes | None
    transfer_syntax: str
    pending_data_sets: tuple[bytes, ...] = ()
    """Data sets of pending responses, which should have none."""

    @property
    def status(self) -> int:
        """The final status."""
        return self.final.integer("Status")

    @property
    def counts(self) -> Counts:
        """The counts of the final response."""
        return counts_of(self.final)

    def miscounted(self, completed: int, failed: int, warning: int) -> str:
        """What the final counts say wrongly, in words; a count that is absent says nothing."""
        counts = self.counts
        told = (("completed", counts.completed), ("failed", counts.failed), ("warning", counts.warning))
        wrong = [
            f"{have} {name} sub-operations where {want} were {name}"
            for (name, have), want in zip(told, (completed, failed, warning), strict=True)
            if have is not None and have != want
        ]
        return f"the final response counts {', '.join(wrong)}" if wrong else ""

    def uncounted(self) -> str:
        """Which of the numbers of completed, failed and warned sub-operations the end lacks, in words."""
        counts = self.counts
        told = {"completed": counts.completed, "failed": counts.failed, "warning": counts.warning}
        absent = [name for name, number in told.items() if number is None]
        return f"the final response has no number of {', '.join(absent)} sub-operations" if absent else ""

    def remaining_at_end(self) -> str:
        """A number of remaining sub-operations in the final response, in words."""
        remaining = self.counts.remaining
        if remaining is None:
            return ""
        return f"{remaining} remaining sub-operations in a final response, {describe(self.final)}"

    def needless_data_set(self) -> str:
        """A response with a data set, in words: none is due in pending ones, nor without failed objects."""
        if any(response.has_data_set for response in self.pending):
            return "a pending response has a data set"
        words = f"the final response has a data set: {describe(self.final)}"
        return words if self.final.has_data_set else ""

    def failed_uids(self) -> tuple[str, ...]:
        """Failed SOP Instance UID List (0008,0058) at the end; PeerViolation where it is absent."""
        identifier = self.final_identifier()
        if "FailedSOPInstanceUIDList" not in identifier:
            raise self._unlisted(f"an Identifier with {', '.join(identifier) or 'nothing'}")
        return identifier.values("FailedSOPInstanceUIDList")

    def final_identifier(self) -> Identifier:
        """The Identifier of the final response; PeerViolation where it has none or a damaged one."""
        if self.final_data_set is None:
            raise self._unlisted("no data set")
        return read_identifier(self.final_data_set, self.transfer_syntax)

    def _unlisted(self, observed: str) -> PeerViolation:
        return PeerViolation(
            "PS3.4 C.4.2.1.4.2, C.4.3.1.3.2",
            "the list of failed objects (0008,0058) in the final response",
            f"{observed} in the final response, {describe(self.final)}",
        )


def ill_counted(pending: Sequence[CommandSet], total: int) -> str:
    """What is wrong with the counts of pending responses to a retrieval of so many objects, in words.

    Raises PeerViolation where one of the four counts is absent (PS3.4 C.4.2.1.6 to C.4.2.1.9).
    """
    before = (total, 0, 0, 0)
    for response in pending:
        counts = (
            response.integer("NumberOfRemainingSuboperations"),
            response.integer("NumberOfCompletedSuboperations"),
            response.integer("NumberOfFailedSuboperations"),
            response.integer("NumberOfWarningSuboperations"),
        )
        words = "a pending response counts {} remaining, {} completed, {} failed, {} warning".format(*counts)
        if sum(counts) > total:
            return f"{words}, of {total} sub-operations"
        if counts[0] > before[0] or any(now < then for now, then in zip(counts[1:], before[1:], strict=True)):
            return words + ", after one with {} remaining, {} completed, {} failed, {} warning".format(
                *before
            )
        before = counts
    return ""
