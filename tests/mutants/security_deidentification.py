"""Gateways (`tests.gateway`) that anonymise, and each leak or lose one thing."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pydicom import Dataset

from harness.deid import Instance, Option
from tests.mutants.seed import mutant
from tests.unit.deid import leaking
from tests.unit.deid.reference import Deidentifier


def _leaking(clause: str, defect: str, *caught_by: str) -> Callable[[type], type]:
    return mutant(
        clause=clause,
        defect=defect,
        caught_by=tuple(f"security.deidentification.{name}" for name in caught_by),
        gateway=True,
    )


@_leaking("PS3.15 E.1.1", "sends the last object of an association to nobody", "complete")
class LosesOne(Deidentifier):
    def files(self, before: Iterable[Instance]) -> list[Instance]:
        return super().files(list(before)[:-1])


@_leaking("PS3.15 E.1.1", "sends every object twice, with different UIDs", "complete")
class SendsTwice(Deidentifier):
    def files(self, before: Iterable[Instance]) -> list[Instance]:
        every = list(before)
        return [*super().files(every), *Deidentifier().files(every)]


@_leaking("PS3.15 E.1.1", "sends nothing", "complete")
class SendsNothing(Deidentifier):
    def files(self, before: Iterable[Instance]) -> list[Instance]:
        return []


@_leaking("PS3.15 E.1.1", "leaves the patient's name in nested sequences", "identity")
class KeepsNestedName(leaking.NestedName):
    pass


@_leaking("PS3.15 E.1.1", "keeps other IDs of the patient", "identity")
class KeepsOtherIds(leaking.IdKept):
    pass


@_leaking(
    "PS3.15 E.1.1", "passes everything on as it is, marked as anonymised", "identity", "private", "uids"
)
class MarksAlone(Deidentifier):
    def dataset(self, ds: Dataset) -> None:
        """Nothing is done."""


@_leaking("PS3.15 E.1.1", "keeps private attributes, and the name in them", "private", "identity")
class KeepsPrivate(leaking.PrivateTag):
    pass


@_leaking("PS3.15 E.1.1", "gives references UIDs of their own", "uids")
class BreaksReferences(leaking.ReferenceNotFollowed):
    pass


@_leaking("PS3.15 E.1.1", "keeps the UIDs in references", "uids")
class KeepsReferences(leaking.ReferenceKept):
    pass


@_leaking("PS3.15 E.1.1", "keeps Series Date, though no option is claimed", "dates")
class KeepsSeriesDate(leaking.DateKept):
    pass


@_leaking("PS3.15 E.3.6", "leaves dates as they are, where they are to be moved", "dates")
class MovesNoDate(leaking.NoDateMoved):
    pass


@_leaking("PS3.15 E.3.8", "removes what an option that it claims retains", "attributes")
class LosesDevice(Deidentifier):
    options = frozenset({Option.DEVICE})

    def afterwards(self, ds: Dataset, number: int) -> None:
        del ds.DeviceSerialNumber


@_leaking("PS3.15 E.1.1", "removes Patient's Birth Date, which every object has", "attributes")
class LosesBirthDate(leaking.TypeTwoLost):
    pass


@_leaking("PS3.15 E.1.1", "does not say that the identity is removed", "marks")
class SaysNothing(leaking.NotMarked):
    pass


@_leaking("PS3.15 E.1.1", "does not say by which profile", "marks")
class NamesNoProfile(leaking.NoMethodCodes):
    pass


@_leaking("PS3.15 E.3.1", "blackens pixels without claiming to clean them", "pixels")
class Blackens(leaking.PixelsChanged):
    pass
