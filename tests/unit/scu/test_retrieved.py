"""What a retrieval brought against what was stored: damage is told from what is legal."""

from __future__ import annotations

import pytest
from pydicom import Dataset

from harness.dimse.command import CommandSet
from harness.dimse.errors import PeerViolation
from harness.scu.inbox import Received
from harness.scu.retrieve import Retrieval, ill_counted, keys_for
from harness.scu.retrieved import altered, damaged, odd_ones
from harness.scu.uids import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN, QueryLevel, Root
from harness.synthesis import (
    Identity,
    Kind,
    Recipe,
    SyntheticInstance,
    SyntheticStudy,
    build,
    encode_dataset,
    new_run_root,
    new_study,
)
from harness.synthesis.recipe import PatientRecipe, SeriesRecipe, StudyRecipe


@pytest.fixture(scope="module")
def study() -> SyntheticStudy:
    return new_study(Identity(new_run_root(), "retrieved"), instances=3)


def _compressed(pixels: str) -> SyntheticInstance:
    series = (SeriesRecipe(Kind.CT, pixels=pixels),)
    recipe = Recipe("unit", (PatientRecipe("PHTEST^Unit", (StudyRecipe(series),)),))
    return build(recipe, Identity(new_run_root(), pixels))[0].instance(0)


def _received(
    instance: SyntheticInstance, dataset: bytes | None = None, transfer_syntax: str | None = None
) -> Received:
    return Received(
        instance.sop_class,
        instance.sop_instance_uid,
        transfer_syntax or instance.transfer_syntax,
        instance.dataset if dataset is None else dataset,
        CommandSet.of(),
        1,
    )


def test_each_once_is_nothing_odd(study: SyntheticStudy) -> None:
    assert odd_ones(study.instances, [_received(one) for one in study.instances[::-1]]) == ""


def test_missing_strange_and_repeated_are_named(study: SyntheticStudy) -> None:
    first, second, third = study.instances
    words = odd_ones((first, second), [_received(second), _received(second), _received(third)])
    assert "1 of 2 objects did not arrive: " + first.sop_instance_uid in words
    assert "not asked for: " + third.sop_instance_uid in words
    assert "more than once: " + second.sop_instance_uid in words


def test_another_native_syntax_is_no_damage(study: SyntheticStudy) -> None:
    instance = study.instance(0)
    implicit = encode_dataset(instance.attributes, IMPLICIT_VR_LITTLE_ENDIAN)
    item = _received(instance, implicit, IMPLICIT_VR_LITTLE_ENDIAN)
    assert damaged([instance], [item]) == ""
    assert altered([instance], [item]) == ""


def test_one_bit_of_a_pixel_is_damage(study: SyntheticStudy) -> None:
    instance = study.instance(0)
    data = bytearray(instance.dataset)
    data[-1] ^= 1
    assert "pixel data" in damaged([instance], [_received(instance, bytes(data))])


def test_another_attribute_is_altered_but_not_damaged(study: SyntheticStudy) -> None:
    instance = study.instance(0)
    item = _received(instance, instance.dataset.replace(b"Synthetic study", b"Synthetic STUDY"))
    assert damaged([instance], [item]) == ""
    assert "(0008,1030)" in altered([instance], [item])


def test_a_coerced_patient_id_is_legal(study: SyntheticStudy) -> None:
    instance = study.instance(0)
    item = _received(instance, instance.dataset.replace(b"PHTEST-", b"OTHERS-"))
    assert item.dataset != instance.dataset
    assert altered([instance], [item]) == ""


def test_another_instance_uid_in_the_data_set_is_damage(study: SyntheticStudy) -> None:
    first, second, _ = study.instances
    assert "names instance" in damaged([first], [_received(first, second.dataset)])


@pytest.mark.parametrize("pixels", ["rle", "jpeg-lossless", "jpeg-ls", "jpeg2000-lossless"])
def test_decompressed_is_no_damage_but_a_changed_pixel_is(pixels: str) -> None:
    instance = _compressed(pixels)
    plain = _decompressed(instance)
    assert damaged([instance], [_received(instance, plain, EXPLICIT_VR_LITTLE_ENDIAN)]) == ""
    broken = plain[:-1] + bytes((plain[-1] ^ 1,))
    words = damaged([instance], [_received(instance, broken, EXPLICIT_VR_LITTLE_ENDIAN)])
    assert "1 of 4096 pixels" in words


def _decompressed(instance: SyntheticInstance) -> bytes:
    copy = Dataset()
    copy.update(instance.attributes)
    copy.file_meta = Dataset()
    copy.file_meta.TransferSyntaxUID = instance.transfer_syntax
    copy.set_original_encoding(False, True)
    copy.decompress(generate_instance_uid=False)
    return encode_dataset(copy, EXPLICIT_VR_LITTLE_ENDIAN)


def _pending(remaining: int, completed: int, failed: int = 0) -> CommandSet:
    return CommandSet.of(
        Status=0xFF00,
        NumberOfRemainingSuboperations=remaining,
        NumberOfCompletedSuboperations=completed,
        NumberOfFailedSuboperations=failed,
        NumberOfWarningSuboperations=0,
    )


def test_counts_go_one_way() -> None:
    assert ill_counted([_pending(3, 0), _pending(2, 1), _pending(1, 1, 1)], 3) == ""
    assert ill_counted([_pending(1, 1), _pending(2, 1)], 3) != ""
    assert ill_counted([_pending(2, 1), _pending(2, 0)], 3) != ""
    assert ill_counted([_pending(3, 1)], 3) != ""
    with pytest.raises(PeerViolation):
        ill_counted([CommandSet.of(Status=0xFF00, NumberOfCompletedSuboperations=1)], 3)


def test_final_counts_are_compared_where_they_are_given() -> None:
    final = CommandSet.of(Status=0, NumberOfCompletedSuboperations=2)
    answer = Retrieval((), final, None, EXPLICIT_VR_LITTLE_ENDIAN)
    assert answer.miscounted(2, 0, 0) == ""
    assert answer.miscounted(3, 0, 0) == (
        "the final response counts 2 completed sub-operations where 3 were completed"
    )


def test_a_failed_list_that_is_absent_is_a_violation() -> None:
    answer = Retrieval((), CommandSet.of(Status=0xB000), None, EXPLICIT_VR_LITTLE_ENDIAN)
    with pytest.raises(PeerViolation, match="no data set"):
        answer.failed_uids()


def test_keys_have_one_value_above_their_level(study: SyntheticStudy) -> None:
    series = study.series[0]
    assert keys_for(Root.PATIENT, QueryLevel.PATIENT, study) == {"PatientID": study.patient_id}
    assert keys_for(Root.STUDY, QueryLevel.IMAGE, study, series, study.instances[:2]) == {
        "StudyInstanceUID": study.study_uid,
        "SeriesInstanceUID": series.series_uid,
        "SOPInstanceUID": [one.sop_instance_uid for one in study.instances[:2]],
    }
