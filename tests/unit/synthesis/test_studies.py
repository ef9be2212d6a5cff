from __future__ import annotations

import subprocess
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import DataElement, Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from harness.synthesis import (
    ABSENT,
    Identity,
    Kind,
    RecipeError,
    SyntheticInstance,
    SyntheticStudy,
    assemble,
    build,
    encode_dataset,
    estimate,
    load_recipe,
    new_study,
    patients,
    valid_uid,
    variant,
)
from harness.synthesis.extras import PRIVATE_CREATORS
from harness.synthesis.pixels import bitstreams
from harness.synthesis.recipe import read_recipe
from tests.programs import require_program

RUN_ROOT = "2.25.71890067526184270453085744414.60000000000"


def part10(instance: SyntheticInstance) -> bytes:
    """The instance as a file: File Meta Information by pydicom, the data set as it was encoded."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = instance.sop_class
    meta.MediaStorageSOPInstanceUID = instance.sop_instance_uid
    meta.TransferSyntaxUID = instance.transfer_syntax
    meta.ImplementationClassUID = "2.25.1"
    buffer = BytesIO()
    write_file_meta_info(buffer, meta)
    return bytes(128) + b"DICM" + buffer.getvalue() + instance.dataset


def read_back(instance: SyntheticInstance) -> Dataset:
    return dcmread(BytesIO(part10(instance)))


@pytest.fixture(scope="session")
def instances(default_studies: tuple[SyntheticStudy, ...]) -> list[SyntheticInstance]:
    return [one for study in default_studies for one in study.instances]


def test_the_default_set_holds_every_kind_character_set_and_bitstream(
    default_studies: tuple[SyntheticStudy, ...], instances: list[SyntheticInstance]
):
    modality = {Kind.PDF: "DOC"}
    assert {one for study in default_studies for one in study.modalities} == {
        modality.get(kind, kind.value) for kind in Kind
    }
    assert {one.text("SpecificCharacterSet") for one in instances} == {
        "",
        "ISO_IR 100",
        "ISO_IR 192",
        "\\ISO 2022 IR 87",
        "GB18030",
    }
    used = {one.transfer_syntax for one in instances}
    assert {one.transfer_syntax for one in bitstreams().values()} < used
    assert {ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian} < used


def test_uids_are_valid_unique_and_below_the_run_root(default_studies: tuple[SyntheticStudy, ...]):
    uids = [study.study_uid for study in default_studies]
    uids += [series.series_uid for study in default_studies for series in study.series]
    uids += [one.sop_instance_uid for study in default_studies for one in study.instances]
    assert len(set(uids)) == len(uids)
    assert all(valid_uid(uid) and uid.startswith(RUN_ROOT + ".") for uid in uids)


def test_every_uid_inside_is_ours_or_registered_by_the_standard(instances: list[SyntheticInstance]):
    for instance in instances:
        for element in instance.attributes.iterall():
            if element.VR == "UI" and element.value:
                uid = str(element.value)
                assert uid.startswith((RUN_ROOT + ".", "1.2.840.10008.")), (element, instance)


def test_patients_are_marked_and_studies_grouped(default_studies: tuple[SyntheticStudy, ...]):
    grouped = patients(default_studies)
    assert len(grouped) == len(load_recipe("default").patient)
    assert all(one.startswith("PHTEST-") for one in grouped)
    assert all(study.patient_name.startswith("PHTEST^") for study in default_studies)
    assert len({study.accession_number for study in default_studies}) == len(default_studies)


def test_the_same_identity_gives_the_same_bytes(default_studies: tuple[SyntheticStudy, ...]):
    assert build(load_recipe("default"), Identity(RUN_ROOT, "default")) == default_studies
    other = build(load_recipe("default"), Identity(RUN_ROOT, "other"))
    assert not {study.study_uid for study in other} & {study.study_uid for study in default_studies}


def test_pydicom_reads_every_instance_as_it_was_meant(instances: list[SyntheticInstance]):
    for instance in instances:
        ds = read_back(instance)
        assert ds.SOPInstanceUID == instance.sop_instance_uid
        assert ds.SOPClassUID == instance.sop_class
        assert len(instance.dataset) % 2 == 0
        assert _comparable(ds, instance) == _comparable(instance.attributes, instance)


def _comparable(ds: Dataset, instance: SyntheticInstance) -> dict[str, object]:
    """Every element as JSON, but for what a decoder can't give back as it was."""
    elements = ds.to_json_dict()
    if instance.transfer_syntax == ImplicitVRLittleEndian:
        # the VR of private elements isn't sent
        elements = {tag: element for tag, element in elements.items() if int(tag[3], 16) % 2 == 0}
    if instance.transfer_syntax == ExplicitVRBigEndian:
        # pydicom leaves words as they lie: see test_big_endian_words_are_swapped
        del elements["7FE00010"]
    return elements


def test_names_round_trip_in_each_character_set(default_studies: tuple[SyntheticStudy, ...]):
    names = {patient.name: patient.character_set for patient in load_recipe("default").patient}
    seen = set()
    for study in default_studies:
        ds = read_back(study.instance(0))
        assert str(ds.PatientName) == study.patient_name
        assert ds.StudyDescription == study.attributes.StudyDescription
        seen.add(names[str(ds.PatientName)])
    assert seen == {"ascii", "latin-1", "utf-8", "japanese", "gb18030"}


def test_names_are_the_bytes_that_their_character_set_asks_for(default_studies: tuple[SyntheticStudy, ...]):
    encoded = {study.patient_name: study.instance(0).dataset for study in default_studies}
    by_start = {name.split("=")[0]: data for name, data in encoded.items()}
    assert "PHTEST^Müller^Jürgen".encode("latin-1") in by_start["PHTEST^Müller^Jürgen"]
    assert "PHTEST^Δημήτρης^Zoë".encode() in by_start["PHTEST^Δημήτρης^Zoë"]
    assert "=测试^王^小东".encode("gb18030") in by_start["PHTEST^Wang^XiaoDong"]
    # PS3.5 6.1.2.5.3: back to the default repertoire (ESC ( B) before each delimiter and at the end
    kanji = "試験".encode("iso2022_jp")
    assert kanji.startswith(b"\x1b$B")
    assert kanji.endswith(b"\x1b(B")
    assert b"=" + kanji + b"^" in by_start["PHTEST^Yamada^Tarou"]


def _referenced(ds: Dataset) -> set[str]:
    return {str(element.value) for element in ds.iterall() if element.keyword == "ReferencedSOPInstanceUID"}


def test_references_lead_to_images_of_the_same_study(default_studies: tuple[SyntheticStudy, ...]):
    referring = set()
    for study in default_studies:
        images = {one.sop_instance_uid for one in study.series[0].instances}
        for instance in study.instances:
            if (kind := instance.text("Modality")) in {"SR", "SEG", "PR", "KO"}:
                referring.add(kind)
                assert _referenced(instance.attributes)
                assert _referenced(instance.attributes) <= images
                assert instance.text("PatientID") == study.patient_id
    assert referring == {"SR", "SEG", "PR", "KO"}


def test_highdicom_accepts_segmentation_and_report(instances: list[SyntheticInstance]):
    import highdicom as hd

    made = {one.text("Modality"): read_back(one) for one in instances}
    segmentation = hd.seg.Segmentation.from_dataset(made["SEG"])
    assert segmentation.number_of_segments == 1
    assert made["SEG"].pixel_array.any()
    assert len(hd.sr.ComprehensiveSR.from_dataset(made["SR"]).content.get_image_measurement_groups()) == 1
    assert hd.ko.KeyObjectSelectionDocument.from_dataset(made["KO"]).content


def test_private_elements_and_depth_come_through(instances: list[SyntheticInstance]):
    private = [read_back(one) for one in instances if one.text("SeriesDescription").startswith("Private")]
    assert len(private) == 2
    for ds in private:
        assert ds.private_block(0x0019, PRIVATE_CREATORS[0])[0x04].value == bytes(range(256))
        assert ds.private_block(0x0019, PRIVATE_CREATORS[1])[0x02].tag == (0x0019, 0x1102)
    (deep,) = (one for one in instances if one.text("SeriesDescription").startswith("Sequences"))
    depth, ds = 0, read_back(deep)
    while (0x0019, 0x1004) in ds:
        ds = ds[0x0019, 0x1004].value[0]
        depth += 1
    assert depth == 24


def test_uncompressed_pixels_have_the_size_that_their_attributes_say(instances: list[SyntheticInstance]):
    for instance in instances:
        ds = instance.attributes
        if "PixelData" in ds and not ds["PixelData"].is_undefined_length:
            bits = ds.Rows * ds.Columns * ds.BitsAllocated * ds.SamplesPerPixel
            size = (bits * int(ds.get("NumberOfFrames") or 1) + 7) // 8
            assert len(ds.PixelData) == size + size % 2


def test_big_endian_words_are_swapped(identity: Identity):
    little = new_study(identity, instances=1).instance(0)
    big = variant(identity, little, transfer_syntax=ExplicitVRBigEndian)
    assert (read_back(big).pixel_array == read_back(little).pixel_array).all()
    assert little.attributes.PixelData == big.attributes.PixelData
    assert big.dataset[-4:] == little.dataset[-3:-5:-1] + little.dataset[-1:-3:-1]


def test_the_pdf_is_one(instances: list[SyntheticInstance]):
    (ds,) = (read_back(one) for one in instances if one.text("Modality") == "DOC")
    document = ds.EncapsulatedDocument[: ds.EncapsulatedDocumentLength]
    assert document.startswith(b"%PDF-")
    assert document.endswith(b"%%EOF\n")
    table = int(document.split(b"startxref\n")[1].split()[0])
    assert document[table:].startswith(b"xref\n")
    offsets = [int(line[:10]) for line in document[table:].splitlines()[3:8]]
    assert [document[at:].split()[0] for at in offsets] == [b"1", b"2", b"3", b"4", b"5"]


def test_dcmdump_reads_every_instance(instances: list[SyntheticInstance], tmp_path: Path):
    files = []
    for n, instance in enumerate(instances):
        path = tmp_path / f"{n:03}.dcm"
        path.write_bytes(part10(instance))
        files.append(path)
    done = subprocess.run(
        [require_program("dcmdump"), "+P", "SOPInstanceUID", "-q", "-s", *files],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    found = [line.split("[")[1].split("]")[0] for line in done.stdout.splitlines() if "[" in line]
    assert [one for one in found if one in {i.sop_instance_uid for i in instances}] == [
        one.sop_instance_uid for one in instances
    ]


DECODERS = {
    "1.2.840.10008.1.2.4.50": "dcmdjpeg",
    "1.2.840.10008.1.2.4.51": "dcmdjpeg",
    "1.2.840.10008.1.2.4.70": "dcmdjpeg",
    "1.2.840.10008.1.2.4.80": "dcmdjpls",
    "1.2.840.10008.1.2.4.81": "dcmdjpls",
    "1.2.840.10008.1.2.5": "dcmdrle",
}
LOSSLESS = ("1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.5")


def test_dcmtk_decompresses_the_bitstreams_to_the_drawn_picture(
    instances: list[SyntheticInstance], tmp_path: Path
):
    from harness.synthesis.picture import picture

    drawn = picture(64, 64, bits=12, seed=7, noise=0.01)
    decoded = set()
    for instance in instances:
        if instance.transfer_syntax not in DECODERS:
            continue
        source, target = tmp_path / "in.dcm", tmp_path / "out.dcm"
        source.write_bytes(part10(instance))
        subprocess.run(
            [require_program(DECODERS[instance.transfer_syntax]), source, target], check=True, timeout=60
        )
        ds = dcmread(target)
        pixels = ds.pixel_array
        decoded.add(instance.transfer_syntax)
        if ds.SamplesPerPixel == 1:
            scale = 2 ** (12 - ds.BitsStored)
            difference = abs(pixels.astype(int) * scale - drawn.astype(int)).max()
            assert difference <= (0 if instance.transfer_syntax in LOSSLESS else 0.12 * 4096), instance
        else:
            assert pixels.shape == (3, 64, 64, 3)
    assert decoded == set(DECODERS)


def test_jpeg_2000_bitstreams_decode(instances: list[SyntheticInstance]):
    pytest.importorskip("openjpeg", reason="pylibjpeg-openjpeg isn't installed")
    from harness.synthesis.picture import picture

    drawn = picture(64, 64, bits=12, seed=7, noise=0.01)
    made = {one.transfer_syntax: one for one in instances if one.text("Modality") in {"CT", "MR"}}
    assert (read_back(made["1.2.840.10008.1.2.4.90"]).pixel_array == drawn).all()
    lossy = read_back(made["1.2.840.10008.1.2.4.91"]).pixel_array
    assert 0 < abs(lossy.astype(int) - drawn.astype(int)).max() < 0.2 * 4096


def test_estimate_is_what_is_built(default_studies: tuple[SyntheticStudy, ...]):
    objects, size = estimate(load_recipe("default"))
    built = [one for study in default_studies for one in study.instances]
    assert objects == len(built)
    # UIDs of another run may be longer by a digit or two
    assert abs(size - sum(len(one.dataset) for one in built)) < 0.05 * size


def test_new_study_takes_the_attributes_asked_for(identity: Identity):
    study = new_study(
        identity,
        "MR",
        series=2,
        instances=3,
        PatientName="PHTEST^Ångström",
        SpecificCharacterSet="ISO_IR 100",
        StudyDate="19991231",
        ReferringPhysicianName=None,
        StudyDescription=ABSENT,
    )
    assert (len(study.series), len(study.instances), study.modality) == (2, 6, "MR")
    assert study.patient_name == "PHTEST^Ångström"
    assert study.study_date == "19991231"
    ds = read_back(study.instance(5))
    assert str(ds.PatientName) == "PHTEST^Ångström"
    assert not ds.ReferringPhysicianName
    assert "StudyDescription" not in ds


@pytest.mark.parametrize(
    "make",
    [
        lambda identity: new_study(identity, "XX"),
        lambda identity: new_study(identity, NoSuchKeyword="x"),
        lambda identity: new_study(identity, NoSuchKeyword=ABSENT),
        lambda identity: new_study(identity, instances=0),
    ],
)
def test_new_study_refuses_what_it_cannot_make(identity: Identity, make):
    with pytest.raises(ValueError, match=r"must be|no keyword"):
        make(identity)


def test_a_variant_changes_only_what_is_asked(identity: Identity):
    study = new_study(identity)
    first = study.instance(0)
    before = first.dataset
    other = variant(
        identity,
        first,
        elements=(DataElement(0x00090010, "LO", "PHTEST"), DataElement(0x00091001, "LT", "x")),
        Manufacturer=ABSENT,
        PatientName=None,
        transfer_syntax=DeflatedExplicitVRLittleEndian,
    )
    assert other.sop_instance_uid != first.sop_instance_uid
    ds = read_back(other)
    assert ds[0x00091001].value == "x"
    assert "Manufacturer" not in ds
    assert "PatientName" in ds
    assert ds.StudyInstanceUID == study.study_uid
    assert first.dataset == before == encode_dataset(first.attributes, first.transfer_syntax)
    assert assemble([first, other])[0].series[0].instances == (first, other)


def test_deflated_is_a_raw_stream_of_even_length(identity: Identity):
    import zlib

    ds = new_study(identity).attributes
    lengths = set()
    for n in range(8):
        ds.StudyDescription = "x" * n
        encoded = encode_dataset(ds, DeflatedExplicitVRLittleEndian)
        inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
        assert inflater.decompress(encoded) == encode_dataset(ds, "1.2.840.10008.1.2.1")
        assert inflater.unused_data in (b"", b"\0")
        assert len(encoded) % 2 == 0
        lengths.add(inflater.unused_data)
    assert lengths == {b"", b"\0"}


@pytest.mark.parametrize("images", ["CT", "MR", "CR", "US"])
@pytest.mark.parametrize("pixels", ["", *bitstreams()])
def test_whatever_a_recipe_may_combine_can_be_built(identity: Identity, images: str, pixels: str):
    built = 0
    for kind in ("SR", "SEG", "PR", "KO"):
        image: dict[str, object] = {"kind": images, "instances": 2}
        if pixels:
            image["pixels"] = pixels
        study = {"series": [image, {"kind": kind}]}
        table = {"patient": [{"name": "PHTEST^Any", "study": [study], "character_set": "utf-8"}]}
        try:
            recipe = read_recipe(table, "any", "any")
        except RecipeError:
            continue
        (made,) = build(recipe, identity)
        assert made.series[1].modality == kind
        assert _referenced(made.instance(2).attributes) <= {one.sop_instance_uid for one in made.instances}
        built += 1
    grey8 = bitstreams()[pixels].bits_allocated == 8 if pixels else False
    colour = bitstreams()[pixels].samples_per_pixel > 1 if pixels else False
    legal = not pixels or {"CT": not grey8, "MR": not grey8, "CR": not colour, "US": grey8}[images]
    assert (built >= 2) is legal
