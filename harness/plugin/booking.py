"""Worklist entries for a run: written where the product reads them, or made there beforehand by people."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from harness.dimse.errors import PeerViolation
from harness.plugin.outcomes import ArrangementFailed, NotTested
from harness.scu.session import Scu, open_for
from harness.scu.uids import MODALITY_WORKLIST
from harness.scu.worklist import Item, Worklist, find_worklist, worklist_keys
from harness.synthesis import Identity
from harness.synthesis.worklist import LABELS, many_entries, worklist_entries
from harness.target import Target
from harness.worklist import EntryError, WorklistEntry, read_entries, write_entry

REPORTER = "worklist.match.patient-id"
"""The requirement under which entries that are never found are reported."""
POLL = 0.2
"""Seconds between two looks whether an entry is found."""
NO_ENTRIES = (
    "the target file does not say where worklist entries come from: add [worklist] with folder = …, which "
    "the product reads .wl files from, or entries = …, written by `pacs-harness worklist --output`"
)


@dataclass(frozen=True, slots=True)
class Booked:
    """The entries that the product's worklist has for this run, by label (`harness.synthesis.worklist`)."""

    entries: Mapping[str, WorklistEntry]
    missing: frozenset[str]
    """Labels of those that a query for their patient does not find."""
    identity: Identity
    within: float
    """Seconds in which a new entry is found."""
    folder: Path | None = None

    def planned(self, label: str) -> WorklistEntry:
        """An entry, found or not.  Raises NotTested where it is not among those made beforehand."""
        if label not in self.entries:
            raise NotTested(
                f"the entries of the target file have none with label = {label!r}: {LABELS[label]}"
            )
        return self.entries[label]

    def entry(self, label: str) -> WorklistEntry:
        """An entry that is found by its Patient ID.

        Raises ArrangementFailed where it isn't, though it was written; NotTested where people should have
        made it.
        """
        entry = self.planned(label)
        if label in self.missing and self.folder is None:
            raise NotTested(f"the entry {label!r} is not found by its Patient ID: is it in the product?")
        if label in self.missing:
            raise ArrangementFailed(REPORTER, f"the entry {label!r} is not found by its Patient ID")
        return entry

    def value(self, label: str, keyword: str) -> str:
        """A value of an entry that is found.  Raises NotTested where it is not stated."""
        value = self.entry(label).text(keyword)
        if not value:
            raise NotTested(f"the entry {label!r} of the target file states no {keyword}")
        return value

    def labels(self, answer: Worklist) -> list[str]:
        """The labels of our entries in an answer, once for each item; others' items are passed over.

        PeerViolation where an item does not tell which step it is.
        """
        found = [self._label_of(item) for item in answer.require_success().items]
        return [label for label in found if label]

    def ask(self, scu: Scu, step: Mapping[str, Any] | None = None, **keys: Any) -> list[str]:
        """The labels of our entries that one query finds."""
        return self.labels(self.query(scu, step, **keys))

    def query(self, scu: Scu, step: Mapping[str, Any] | None = None, **keys: Any) -> Worklist:
        """One query which asks, whatever else, for what tells our entries apart."""
        step = {"ScheduledProcedureStepID": None, **(step or {})}
        return find_worklist(scu, worklist_keys(step, {"PatientID": None, **keys}))

    def item(self, scu: Scu, label: str, step: Mapping[str, Any] | None = None, **keys: Any) -> Item:
        """The item of an entry in the answer to a query for its patient."""
        patient = self.entry(label).text("PatientID")
        answer = self.query(scu, step, **{**keys, "PatientID": patient}).require_success()
        for item in answer.items:
            if self._label_of(item) == label:
                return item
        raise PeerViolation(
            "PS3.4 K.2.2.1.1.1",
            f"the entry of Patient ID {patient}, which was found before",
            f"{len(answer.items)} items, that one not among them",
        )

    @contextlib.contextmanager
    def many(self, scu: Scu, count: int) -> Iterator[str]:
        """The Patient ID of an order of ``count`` steps, there for a while.  NotTested without a folder."""
        if self.folder is None:
            raise NotTested("so many entries can be made only in a folder that the product reads them from")
        entries = many_entries(Identity(self.identity.run_root, f"many-{count}"), date.today(), count)
        patient = entries[0].text("PatientID")
        with written(self.folder, entries, self.identity.run_root):
            wanted = worklist_keys({"ScheduledProcedureStepID": None}, {"PatientID": patient})
            end = time.monotonic() + self.within
            pause = threading.Event()
            while len(find_worklist(scu, wanted).matches.identifiers) < count:
                if time.monotonic() >= end:
                    raise ArrangementFailed(REPORTER, f"{count} entries of one patient are not all found")
                pause.wait(POLL)
            yield patient

    def _label_of(self, item: Item) -> str:
        patient = item.identifier.text("PatientID")
        ours = [label for label, entry in self.entries.items() if entry.text("PatientID") == patient]
        if not ours:
            return ""
        identifier = item.step.text("ScheduledProcedureStepID")
        for label in ours:
            if self.entries[label].text("ScheduledProcedureStepID") == identifier:
                return label
        raise PeerViolation(
            "PS3.4 K.2.2.1.2",
            f"the Scheduled Procedure Step ID of an entry of Patient ID {patient}",
            f"{identifier!r}",
        )


@contextlib.contextmanager
def booked(scu: Scu, target: Target, run_root: str) -> Iterator[Booked]:
    """The entries of a run, there until it ends.

    Raises NotAccepted where the product has no Modality Worklist, NotTested where the target file does not
    say where its entries come from.
    """
    with open_for(scu, MODALITY_WORKLIST) as association:
        association.context_for(MODALITY_WORKLIST)
    identity = Identity(run_root, "worklist")
    within = target.dimse.visible_within
    if target.worklist.folder:
        folder = Path(target.worklist.folder)
        entries = worklist_entries(identity, date.today())
        with written(folder, entries, run_root):
            yield await_found(scu, entries, identity, within, folder)
    elif target.worklist.entries:
        try:
            entries = read_entries(Path(target.worklist.entries))
        except EntryError as error:
            raise NotTested(str(error)) from None
        for entry in entries:
            for keyword in ("PatientID", "ScheduledProcedureStepID"):
                if not entry.text(keyword):
                    raise NotTested(f"{target.worklist.entries}: entry {entry.label} states no {keyword}")
        yield await_found(scu, entries, identity, 0.0, None)
    else:
        raise NotTested(NO_ENTRIES)


@contextlib.contextmanager
def written(folder: Path, entries: Sequence[WorklistEntry], run_root: str) -> Iterator[None]:
    """Files of these entries in a folder, taken away at the end.  NotTested where it can't be written to."""
    paths: list[Path] = []
    mark = run_root.rpartition(".")[2]
    try:
        try:
            for entry in entries:
                paths.append(write_entry(folder, entry, f"phtest-{mark}-{entry.label}"))
        except OSError as error:
            raise NotTested(
                f"[worklist] folder {folder} cannot be written to: {error.strerror or error}"
            ) from None
        yield
    finally:
        for path in paths:
            with contextlib.suppress(OSError):
                path.unlink()


def await_found(
    scu: Scu, entries: Sequence[WorklistEntry], identity: Identity, within: float, folder: Path | None
) -> Booked:
    """Ask for each patient until all entries are found, or `within` seconds are over."""
    by_label = {entry.label: entry for entry in entries}
    waiting = Booked(by_label, frozenset(), identity, within, folder)
    missing = set(by_label)
    violated = False
    end = time.monotonic() + within
    pause = threading.Event()
    while True:
        for patient in {by_label[label].text("PatientID") for label in missing}:
            try:
                missing -= set(waiting.ask(scu, PatientID=patient))
            except PeerViolation:
                violated = True  # judged by the requirement on that key
        if not missing or time.monotonic() >= end:
            break
        pause.wait(POLL)
    if len(missing) == len(by_label) and not violated and not _is_there(scu, waiting):
        raise NotTested(
            "none of the worklist entries is found: "
            + (f"does the product read .wl files from {folder}?" if folder else "are they in the product?")
        )
    return Booked(by_label, frozenset(missing), identity, within, folder)


def _is_there(scu: Scu, entries: Booked) -> bool:
    """Whether an entry is found by station and date of its step: then its Patient ID should do as well."""
    for entry in entries.entries.values():
        keywords = ("ScheduledStationAETitle", "ScheduledProcedureStepStartDate")
        step = {keyword: entry.text(keyword) for keyword in keywords}
        if all(step.values()):
            return bool(entries.ask(scu, step))
    return False
