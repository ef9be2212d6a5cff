"""Text in every character set is kept (PS3.5 6.1.2).

What counts is how the text reads in the character set that the object declares when it comes back: an archive
may convert it, where nothing is lost.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydicom import Dataset
from pydicom import Sequence as Items

from harness.plugin.arranging import StoreStudy
from harness.plugin.fixtures import Corpus
from harness.plugin.keeping import Bring, Keeper
from harness.scenario import QUALITY, SHALL, not_supported, requirement
from harness.scu.identifier import read_identifier
from harness.scu.kept import value_of
from harness.scu.retrieved import odd_ones
from harness.scu.status import SUCCESS
from harness.scu.uids import EXPLICIT_VR_LITTLE_ENDIAN
from harness.synthesis import encode_dataset
from harness.synthesis.shapes import element, shape

TYPE_2 = frozenset(("PatientName", "ReferringPhysicianName"))
"""What has to come back at all; the others may have been discarded (PS3.4 B.4.1.1)."""
STUDY_DESCRIPTION = 0x00081030


def expect_text(
    corpus: Corpus, store_study: StoreStudy, retrieved: Bring, charset: str | Sequence[str], **texts: str
) -> None:
    """Store a CT image with these texts, and read them in what comes back."""
    study = store_study(corpus.new_study("CT", 1, 1, SpecificCharacterSet=charset, **texts))
    received = retrieved(study.instances)
    odd = odd_ones(study.instances, received)
    assert not odd, odd
    for one in received:
        read = read_identifier(one.dataset, one.transfer_syntax)
        for keyword, sent in texts.items():
            if keyword in read or keyword in TYPE_2:
                text = read.text(keyword)
                assert text == sent, f"{keyword} comes back as {text!r}, stored was {sent!r}"


@requirement("PS3.5 6.1.2.3", SHALL, "Text in Latin-1 reads as it was stored.")
def test_latin1(corpus: Corpus, store_study: StoreStudy, retrieved: Bring) -> None:
    expect_text(
        corpus,
        store_study,
        retrieved,
        "ISO_IR 100",
        PatientName="PHTEST^Äneas Müßig",
        ReferringPhysicianName="PHTEST^Éric",
        StudyDescription="Schädel nüchtern",
        StationName="Gerät Ä",
        InstitutionAddress="Straße 1\r\n1000 Öx",
        PatientComments="Größe 1,80 m ± 1 µm\r\nüber alles",
    )


@requirement("PS3.5 6.1.2.3", SHALL, "Text in UTF-8 reads as it was stored, in any script.")
def test_utf8(corpus: Corpus, store_study: StoreStudy, retrieved: Bring) -> None:
    expect_text(
        corpus,
        store_study,
        retrieved,
        "ISO_IR 192",
        PatientName="PHTEST^Łukasz Ωmega=王^小東=やまだ^たろう",
        ReferringPhysicianName="PHTEST^Иванов",
        StudyDescription="Ελληνικά русский العربية 日本語",
        PatientComments="𝔘 astral, é combined, עברית",
    )


@requirement(
    "PS3.5 6.1.2.5.4", SHALL, "Text in code extensions with escape sequences reads as it was stored."
)
def test_iso2022_japanese(corpus: Corpus, store_study: StoreStudy, retrieved: Bring) -> None:
    expect_text(
        corpus,
        store_study,
        retrieved,
        ["", "ISO 2022 IR 87"],
        PatientName="PHTEST^Yamada=山田^太郎=やまだ^たろう",
        ReferringPhysicianName="PHTEST^Tanaka=田中",
    )


@requirement("PS3.5 6.1.2.3", SHALL, "A byte 5CH within a character of GB18030 does not end a value.")
def test_gb18030_backslash_byte(corpus: Corpus, store_study: StoreStudy, retrieved: Bring) -> None:
    expect_text(
        corpus,
        store_study,
        retrieved,
        "GB18030",
        PatientName="PHTEST^Wang=王^小东",
        StudyDescription="乗俓僜 and 刓",
    )


@requirement(
    "PS3.5 7.5.3", SHALL, "An item with a character set of its own keeps its text, and so does the rest."
)
def test_in_item(corpus: Corpus, store_study: StoreStudy, retrieved: Bring) -> None:
    outer, inner = "PHTEST^Müller", "PHTEST^Łukasz"
    former, change = Dataset(), Dataset()
    former.SpecificCharacterSet, former.PatientName = "ISO_IR 192", inner
    change.ModifiedAttributesSequence = Items([former])
    change.AttributeModificationDateTime = "20240229093000"
    change.ModifyingSystem, change.SourceOfPreviousValues = "PHTEST", None
    change.ReasonForTheAttributeModification = "CORRECT"
    study = store_study(
        corpus.new_study(
            instances=1,
            SpecificCharacterSet="ISO_IR 100",
            PatientName=outer,
            OriginalAttributesSequence=Items([change]),
        )
    )
    received = retrieved(study.instances)
    odd = odd_ones(study.instances, received)
    assert not odd, odd
    for one in received:
        read = read_identifier(one.dataset, one.transfer_syntax)
        assert read.text("PatientName") == outer, f"Patient's Name comes back as {read.text('PatientName')!r}"
        if "OriginalAttributesSequence" not in read:
            raise not_supported("Original Attributes Sequence is not kept (levels 0 and 1, PS3.4 B.4.1.1)")
        for item in read.items("OriginalAttributesSequence"):
            for modified in item.get("ModifiedAttributesSequence", ()):
                name = name_in(modified, "ISO_IR 100")
                assert name == inner, f"the former name comes back as {name!r}, stored was {inner!r}"


def name_in(item: Dataset, outer: str) -> str:
    """Patient's Name of an item that comes in its own character set, or in that of what holds it."""
    encoded = encode_dataset(item, EXPLICIT_VR_LITTLE_ENDIAN)
    if "SpecificCharacterSet" not in item:
        encoded = element(0x00080005, "CS", outer.encode()) + encoded
    return read_identifier(encoded, EXPLICIT_VR_LITTLE_ENDIAN).text("PatientName")


@requirement(
    "PS3.5 6.1.2.5.4",
    QUALITY,
    "Text beyond ASCII in no declared set, which is not legal, is kept or refused.",
)
def test_undeclared_bytes(keeper: Keeper) -> None:
    sent = b"Sch\xe4del  "
    kept = keeper.keep(keeper.object_with(shape(element(STUDY_DESCRIPTION, "LO", sent))))
    if kept.response.integer("Status") != SUCCESS:
        return
    assert not kept.unread, f"a byte E4H without a character set: {kept.unread}"
    for received in kept.received:
        value = value_of(received, STUDY_DESCRIPTION)
        assert value is None or value.strip() == sent.strip(), f"{sent!r} comes back as {value!r}"
