"""Defects that show when services are compared with each other, at the same time, or after a restart."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.archive import encoding
from harness.archive.attributes import Attribute, AttributeSet, Level, Root
from harness.archive.index import Entity, Index, Instance, Selection
from harness.archive.semantics import Semantics
from harness.archive.status import MISMATCH, SUCCESS, Answer
from harness.archive.storage import Storage
from tests.mutants.seed import mutant

if TYPE_CHECKING:
    from harness.archive.config import ArchiveConfig
    from harness.archive.identifiers import Query
    from harness.archive.storage import Staged

IMAGES = ("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4")
PATIENT_ID, PATIENT_NAME, STUDY = 0x00100020, 0x00100010, 0x0020000D
STUDY_ID, SERIES_NUMBER, MODALITY, STUDY_INSTANCES = 0x00200010, 0x00200011, 0x00080060, 0x00201208
OVERLAP = 0.005
"""Seconds of work during which what is shared belongs to somebody else."""


def with_text(attributes: AttributeSet, tag: int, text: str) -> AttributeSet:
    """The attributes with another value of one that is there."""
    known = attributes.get(tag)
    if known is None:
        return attributes
    return attributes.merged(AttributeSet({tag: Attribute(known.vr, (text,) if text else ())}))


# -- queries ---------------------------------------------------------------------------------------


@mutant(
    clause="PS3.4 C.4.1.3.1.1",
    defect="SERIES level lists the series of one modality alone, where a study has several",
    caught_by=("consistency.find.levels-agree",),
)
class OneModalityListed(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        self.first: dict[str, str] = {}

    def indexed(self, attributes: AttributeSet) -> AttributeSet:
        self.first.setdefault(attributes.text(STUDY), attributes.text(MODALITY))
        return attributes

    def match_entity(self, query: Query, attributes: AttributeSet) -> bool:
        hidden = query.level is Level.SERIES and attributes.text(MODALITY) != self.first.get(
            attributes.text(STUDY)
        )
        return not hidden and super().match_entity(query, attributes)


@mutant(
    clause="PS3.4 C.4.1.3.1.1",
    defect="of a patient's studies, the first one stored alone is listed",
    caught_by=("consistency.corpus.every-entity-listed",),
)
class OneStudyAPatient(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        self.first: dict[str, str] = {}

    def indexed(self, attributes: AttributeSet) -> AttributeSet:
        self.first.setdefault(attributes.text(PATIENT_ID), attributes.text(STUDY))
        return attributes

    def match_entity(self, query: Query, attributes: AttributeSet) -> bool:
        shown = self.first.get(attributes.text(PATIENT_ID))
        listing = query.level is Level.STUDY and STUDY not in query.matched
        hidden = listing and attributes.text(STUDY) != shown
        return not hidden and super().match_entity(query, attributes)


@mutant(
    clause="PS3.4 C.3.4",
    defect="the number of a study's instances counts those of its first series alone",
    caught_by=("consistency.find.levels-agree",),
)
class CountsFirstSeries(Semantics):
    def computed(self, index: Index, entity: Entity, tag: int) -> Attribute | None:
        if tag != STUDY_INSTANCES or entity.level is Level.PATIENT:
            return super().computed(index, entity, tag)
        instances = index.instances(Selection(studies=(entity.keys[1],)))
        return Attribute("IS", (str(sum(one.series == instances[0].series for one in instances)),))


@mutant(
    clause="PS3.4 C.3.2",
    defect="the Patient Root model is served from an index that knows no Study ID",
    caught_by=("consistency.find.roots-agree",),
)
class TwoIndexes(Semantics):
    def response_attributes(self, query: Query, attributes: AttributeSet) -> AttributeSet:
        answer = super().response_attributes(query, attributes)
        return with_text(answer, STUDY_ID, "") if query.root is Root.PATIENT else answer


@mutant(
    clause="PS3.4 C.3.2",
    defect="the Study Root model doesn't list objects that are no images",
    caught_by=("consistency.find.roots-agree", "consistency.find.levels-agree"),
)
class ImagesInStudyRoot(Semantics):
    def match_entity(self, query: Query, attributes: AttributeSet) -> bool:
        hidden = (
            query.level is Level.SERIES
            and query.root is Root.STUDY
            and attributes.text(MODALITY) not in ("CT", "MR")
        )
        return not hidden and super().match_entity(query, attributes)


@mutant(
    clause="PS3.4 C.4.1.1.3.2",
    defect="the Series Number that is found is that of the series that was stored last",
    caught_by=("consistency.find.equals-stored", "consistency.retrieve.dataset-agrees-with-find"),
)
class NumberOfAnother(Semantics):
    latest = ""

    def indexed(self, attributes: AttributeSet) -> AttributeSet:
        before, type(self).latest = self.latest, f"10{attributes.text(SERIES_NUMBER)}"
        return with_text(attributes, SERIES_NUMBER, before or "0")


@mutant(
    clause="PS3.4 C.4.1.1.3.2",
    defect="a patient's name is corrected in the index, and the objects keep the old one",
    caught_by=("consistency.retrieve.dataset-agrees-with-find",),
)
class CorrectsIndex(Semantics):
    def indexed(self, attributes: AttributeSet) -> AttributeSet:
        return with_text(attributes, PATIENT_NAME, "PHTEST^Corrected")


# -- retrievals ------------------------------------------------------------------------------------


@mutant(
    clause="PS3.4 C.4.3.3.1",
    defect="objects without pixels are found and not retrieved",
    caught_by=("consistency.retrieve.find-equals-get",),
)
class PixelsAlone(Semantics):
    def to_send(self, instances: list[Instance]) -> list[Instance]:
        return [instance for instance in instances if instance.sop_class in IMAGES]


@mutant(
    clause="PS3.4 C.4.2.3.1",
    defect="a move takes the study description from elsewhere than a get",
    caught_by=("consistency.retrieve.get-equals-move",),
)
class MoveDescribesAnew(Semantics):
    def proposed_syntaxes(self, stored: str) -> tuple[tuple[str, ...], ...]:
        return ((encoding.IMPLICIT_LITTLE,),)

    def sent_bytes(self, instance: Instance, data: bytes) -> bytes:
        return data.replace(b"Synthetic study", b"CONTRAST STUDY ")


@mutant(
    clause="PS3.4 B.2.2",
    defect="of every ten retrievals one is served with the object of the one before",
    caught_by=("consistency.retrieve.repeatable",),
)
class StaleCache(Semantics):
    count = 0
    cached: Instance | None = None

    def to_send(self, instances: list[Instance]) -> list[Instance]:
        if len(instances) != 1:
            return instances
        type(self).count += 1
        before, type(self).cached = self.cached, instances[0]
        if self.count % 10 or before is None:
            return instances
        return [replace(instances[0], path=before.path, offset=before.offset)]


@mutant(
    clause="PS3.5 10.1",
    defect="texts within items change when an object is delivered in another transfer syntax",
    caught_by=("consistency.retrieve.any-syntax-same-content",),
)
class ItemsChange(Semantics):
    def sent_bytes(self, instance: Instance, data: bytes) -> bytes:
        return data.replace(b"Innermost", b"INNERMOST")


@mutant(
    clause="PS3.4 C.4.3.3.1",
    defect="a file is listed before it is written to its end",
    caught_by=("consistency.retrieve.during-store",),
)
class HalfWritten(Semantics):
    def coerced(self, staged: Staged) -> Staged:
        data = staged.path.read_bytes()
        staged.path.write_bytes(data[: len(data) // 2])
        place = Storage(self.config.folder).place_of(staged.sop_instance)

        def finish() -> None:
            with contextlib.suppress(FileNotFoundError):  # the archive is gone, and its folder
                place.write_bytes(data)

        timer = threading.Timer(0.1, finish)
        timer.daemon = True
        timer.start()
        return staged


# -- patients --------------------------------------------------------------------------------------


@mutant(
    clause="PS3.4 C.2.2.1.1",
    defect="each study has a patient of its own, so that several have one Patient ID",
    caught_by=("consistency.patient.one-for-equal-ids", "consistency.patient.same-id-other-name"),
)
class PatientPerStudy(Semantics):
    def indexed(self, attributes: AttributeSet) -> AttributeSet:
        marked = f"{attributes.text(PATIENT_ID)}#{attributes.text(STUDY)}"
        return with_text(attributes, PATIENT_ID, marked)

    def selection(self, query: Query) -> Selection:
        return replace(super().selection(query), patients=())

    def match_value(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        if tag == PATIENT_ID and candidate is not None:
            candidate = replace(candidate, values=tuple(one.partition("#")[0] for one in candidate.values))
        return super().match_value(key, candidate, tag)

    def response_attributes(self, query: Query, attributes: AttributeSet) -> AttributeSet:
        answer = super().response_attributes(query, attributes)
        return with_text(answer, PATIENT_ID, answer.text(PATIENT_ID).partition("#")[0])


@mutant(
    clause="PS3.4 C.4.1.3.1.1",
    defect="studies whose patient's name is another than the first under its ID are not listed",
    caught_by=("consistency.patient.same-id-other-name",),
)
class HidesOtherNames(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        self.names: dict[str, str] = {}
        self.hidden: set[str] = set()

    def indexed(self, attributes: AttributeSet) -> AttributeSet:
        name = attributes.text(PATIENT_NAME)
        if self.names.setdefault(attributes.text(PATIENT_ID), name) != name:
            self.hidden.add(attributes.text(STUDY))
        return attributes

    def match_entity(self, query: Query, attributes: AttributeSet) -> bool:
        hidden = query.level is Level.STUDY and attributes.text(STUDY) in self.hidden
        return not hidden and super().match_entity(query, attributes)


@mutant(
    clause="PS3.4 B.2.2",
    defect="an object whose Patient ID contradicts its study is dropped, with Success",
    caught_by=("consistency.study.conflicting-patient",),
)
class DropsContradicting(Semantics):
    def store_answer(self, answer: Answer) -> Answer:
        return Answer(SUCCESS) if answer.status == MISMATCH else answer


# -- commitment, location --------------------------------------------------------------------------


@mutant(
    clause="PS3.4 J.1.1",
    defect="an object is committed by its entry in the index, though its file is gone",
    caught_by=("consistency.commitment.agrees-with-retrieve",),
)
class CommitsByIndex(Semantics):
    def commits(self, known: Instance | None, sop_class: str, is_safe: bool) -> int | None:
        if known is not None:
            (self.config.folder / known.path).unlink(missing_ok=True)
            return None
        return super().commits(known, sop_class, is_safe)


@mutant(
    clause="PS3.4 C.4.1.1.3.2",
    defect="objects of a series are listed as its own and are retrieved as a whole study alone",
    caught_by=("consistency.queryretrieve.location-works",),
)
class StudiesAlone(Semantics):
    def retrieve_selection(
        self, root: Root, level: Level, identifier: AttributeSet, relational: bool
    ) -> Selection:
        found = super().retrieve_selection(root, level, identifier, relational)
        return replace(found, instances=("2.25.0",)) if level is Level.IMAGE else found


# -- at the same time ------------------------------------------------------------------------------


class _Shared(Semantics):
    """One place for what a request selects, where each request should have one."""

    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        self.chosen = Selection()

    def through_shared(self, own: Selection) -> Selection:
        """What stands there after a while: another request's selection where there was one meanwhile."""
        self.chosen = own
        threading.Event().wait(OVERLAP)
        return self.chosen


@mutant(
    clause="PS3.4 C.4.3.3.1",
    defect="a retrieval beside another one sends the objects of the other's patient",
    caught_by=("consistency.concurrent.patients-kept-apart",),
)
class LeaksRetrievals(_Shared):
    def retrieve_selection(
        self, root: Root, level: Level, identifier: AttributeSet, relational: bool
    ) -> Selection:
        return self.through_shared(super().retrieve_selection(root, level, identifier, relational))


@mutant(
    clause="PS3.4 C.4.1.3.1.1",
    defect="a query beside another one is answered with the other's study",
    caught_by=("consistency.concurrent.queries-kept-apart",),
)
class LeaksQueries(_Shared):
    def selection(self, query: Query) -> Selection:
        own = super().selection(query)
        return self.through_shared(own) if query.level is Level.STUDY else own

    def match_value(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        return tag == STUDY or super().match_value(key, candidate, tag)


@mutant(
    clause="PS3.4 C.4.1.1.4",
    defect="a query fails where an object is stored while it is answered",
    caught_by=("consistency.store.during-query",),
)
class CursorLost(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        self.changes = 0
        self.began = threading.local()

    def indexed(self, attributes: AttributeSet) -> AttributeSet:
        self.changes += 1
        return attributes

    def selection(self, query: Query) -> Selection:
        self.began.changes = self.changes
        threading.Event().wait(OVERLAP)
        return super().selection(query)

    def find_final(self, answer: Answer) -> Answer:
        changed = getattr(self.began, "changes", self.changes) != self.changes
        return Answer(0xC001, "the index has changed") if changed else answer


@mutant(
    clause="PS3.4 B.2.3",
    defect="objects are refused as long as somebody queries",
    caught_by=("consistency.store.during-query",),
)
class RefusesDuringQuery(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        self.querying = 0

    def selection(self, query: Query) -> Selection:
        self.querying += 1
        threading.Event().wait(OVERLAP)
        return super().selection(query)

    def find_final(self, answer: Answer) -> Answer:
        # A query that is refused before anything is selected ends too.
        self.querying = max(0, self.querying - 1)
        return answer

    def store_answer(self, answer: Answer) -> Answer:
        return Answer(0xA700, "the index is locked by a query") if self.querying > 0 else answer


# -- restart ---------------------------------------------------------------------------------------


@mutant(
    clause="PS3.4 B.2.2",
    defect="an object is acknowledged while its bytes are in memory alone",
    caught_by=("consistency.restart.nothing-lost",),
)
class InMemory(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        self.unwritten: dict[str, bytes] = {}

    def coerced(self, staged: Staged) -> Staged:
        data = staged.path.read_bytes()
        self.unwritten[staged.sop_instance] = data
        staged.path.write_bytes(data[: staged.offset] + bytes(len(data) - staged.offset))
        return staged

    def to_send(self, instances: list[Instance]) -> list[Instance]:
        for instance in instances:
            data = self.unwritten.pop(instance.sop_instance, None)
            if data is not None:
                (self.config.folder / instance.path).write_bytes(data)
        return instances


@mutant(
    clause="PS3.4 B.2.2",
    defect="a restart loses the last entries of the index",
    caught_by=("consistency.restart.nothing-lost",),
)
class ForgetsLast(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        index = config.folder / "index.sqlite"
        if index.exists():
            with contextlib.closing(sqlite3.connect(index)) as connection, connection:
                connection.execute(
                    "DELETE FROM instance WHERE rowid IN "
                    "(SELECT rowid FROM instance ORDER BY rowid DESC LIMIT 3)"
                )
            # It takes itself for ended in order, or it would complete the index from the files.
            (config.folder / "in-use").unlink(missing_ok=True)
