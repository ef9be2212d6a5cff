"""Defects of C-STORE: values and text that do not come back as they were."""

from __future__ import annotations

from pydicom import Dataset

from harness.archive import encoding
from harness.archive.index import Instance
from harness.archive.semantics import Semantics
from tests.mutants.seed import mutant
from tests.mutants.storage import Rewrites, everywhere
from tests.mutants.storage_encoding import RewritesBytes

LONGEST_LO = 64


class Replaces(RewritesBytes):
    """Puts other bytes of the same length in the place of some."""

    what = b""
    by = b""

    def change_bytes(self, dataset: bytes) -> bytes:
        return dataset.replace(self.what, self.by)


# -- values ----------------------------------------------------------------------------------------


@mutant(
    clause="PS3.5 6.2",
    defect="leading spaces of a text in which they count are taken away",
    caught_by=("storage.values.bytes-kept",),
)
class TrimsText(Replaces):
    what, by = b"  leading spaces", b"leading spaces  "


@mutant(
    clause="PS3.5 6.2",
    defect="strings are cut at 32 characters",
    caught_by=("storage.values.longest-strings", "storage.values.over-length-string"),
)
class CutsStrings(Rewrites):
    def change(self, dataset: Dataset) -> None:
        for element in dataset:
            if element.VR == "LO" and element.VM == 1 and len(str(element.value)) >= LONGEST_LO:
                element.value = str(element.value)[:32]


@mutant(
    clause="PS3.5 6.4",
    defect="empty values among several are left out",
    caught_by=("storage.values.empty-in-multi-value",),
)
class DropsEmptyValues(Replaces):
    what, by = b"AXIAL\\\\PHTEST", b"AXIAL\\PHTEST "


@mutant(
    clause="PS3.4 B.4.1.1",
    defect="decimal strings are rounded",
    caught_by=("storage.values.leading-zero-numbers",),
)
class RoundsNumbers(Replaces):
    what, by = b"+1.50 ", b"2     "


@mutant(
    clause="PS3.4 B.4.1",
    defect="decimal strings are written anew",
    caught_by=("storage.values.number-text-kept",),
)
class RewritesNumbers(Replaces):
    what, by = b"+1.50 ", b"1.5   "


@mutant(
    clause="PS3.5 6.2",
    defect="UIDs are padded with a space",
    caught_by=("storage.values.uid-padding",),
)
class PadsUidWithSpace(Replaces):
    what, by = b"\x08\0\x14\0UI\x06\x001.2.3\0", b"\x08\0\x14\0UI\x06\x001.2.3 "


@mutant(
    clause="PS3.5 7.2",
    defect="group lengths are kept where the group has become another one",
    caught_by=("storage.values.group-length-tolerated",),
)
class OldGroupLength(RewritesBytes):
    def change_bytes(self, dataset: bytes) -> bytes:
        if not dataset.startswith(b"\x08\0\0\0UL"):
            return dataset
        length = int.from_bytes(dataset[8:12], "little") + 2
        return dataset[:8] + length.to_bytes(4, "little") + dataset[12:]


@mutant(
    clause="PS3.5 7.1",
    defect="two elements come back in each other's place",
    caught_by=("storage.values.elements-in-order",),
)
class Disorders(RewritesBytes):
    def change_bytes(self, dataset: bytes) -> bytes:
        rows = dataset.find(b"\x28\0\x10\0US\x02\0")
        if rows < 0:
            return dataset
        return (
            dataset[:rows] + dataset[rows + 10 : rows + 20] + dataset[rows : rows + 10] + dataset[rows + 20 :]
        )


@mutant(
    clause="PS3.5 A.2",
    defect="private text comes back with another VR",
    caught_by=("storage.syntax.explicit-le-roundtrip",),
)
class ChangesVr(Replaces):
    what, by = b"\x29\0\x09\x10LO", b"\x29\0\x09\x10ST"


@mutant(
    clause="PS3.5 A.1",
    defect="the items of a sequence in Implicit VR lose their last element",
    caught_by=("storage.syntax.implicit-le-roundtrip", "storage.kept.elements-implicit"),
)
class CutsImplicitItems(Rewrites):
    def change(self, dataset: Dataset) -> None:
        if dataset.file_meta.TransferSyntaxUID == encoding.IMPLICIT_LITTLE:
            for element in dataset:
                if element.VR == "SQ":
                    for item in element.value:
                        for last in list(item.keys())[-1:]:
                            del item[last]


# -- transfer syntaxes -----------------------------------------------------------------------------


@mutant(
    clause="PS3.5 7.3",
    defect="values of OW keep their byte order on the way from big to little endian",
    caught_by=("storage.syntax.big-endian",),
)
class DoesNotSwapWords(Semantics):
    def sent_bytes(self, instance: Instance, data: bytes) -> bytes:
        return data.replace(b"\1\0\2\0\0\xff\xff\0", b"\0\1\0\2\xff\0\0\xff")


@mutant(
    clause="PS3.5 A.5",
    defect="of a deflated object the last two bytes are lost",
    caught_by=("storage.syntax.deflated",),
)
class LosesDeflatedEnd(Semantics):
    def sent_bytes(self, instance: Instance, data: bytes) -> bytes:
        return data[:-2] if instance.transfer_syntax == encoding.DEFLATED else data


@mutant(
    clause="PS3.5 A.4",
    defect="compressed objects are sent as they are in an uncompressed transfer syntax",
    caught_by=("storage.syntax.declared-equals-content",),
)
class SendsCompressed(Semantics):
    def sent_bytes(self, instance: Instance, data: bytes) -> bytes:
        if instance.transfer_syntax in encoding.NATIVE:
            return data
        return (self.config.folder / instance.path).read_bytes()[instance.offset :]


# -- text ------------------------------------------------------------------------------------------


@mutant(
    clause="PS3.5 6.1.2.3",
    defect="a byte 5CH within a character is taken for the end of a value",
    caught_by=("storage.charset.gb18030-backslash-byte",),
)
class SplitsCharacters(RewritesBytes):
    def change_bytes(self, dataset: bytes) -> bytes:
        return dataset.replace(b"\\", b"/") if b"GB18030" in dataset else dataset


@mutant(
    clause="PS3.5 7.5.3",
    defect="items lose the character set of their own, and keep their bytes",
    caught_by=("storage.charset.in-item",),
)
class ItemsLoseCharacterSet(Rewrites):
    def change(self, dataset: Dataset) -> None:
        def lose(item: Dataset) -> None:
            if item is not dataset and "SpecificCharacterSet" in item:
                name = item.get_item("PatientName").value
                del item["SpecificCharacterSet"]
                item["PatientName"].value = name.decode("latin-1") if isinstance(name, bytes) else "?"

        everywhere(dataset, lose)


@mutant(
    clause="PS3.4 B.4.1.1",
    defect="bytes beyond ASCII become question marks where no character set is declared",
    caught_by=("storage.charset.undeclared-bytes",),
)
class QuestionMarks(Replaces):
    what, by = b"Sch\xe4del", b"Sch?del"
