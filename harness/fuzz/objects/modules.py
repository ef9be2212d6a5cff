"""What the modules of each class demand beside its pixels or waveforms: attributes of type 1 and 2 (PS3.3 A).

The four identities are placeholders of fixed length, which `harness.fuzz.objects.identities` fills in.
"""

from __future__ import annotations

import functools

from harness.fuzz.nodes import Node, Nodes
from harness.fuzz.objects.elements import numbers, text, texts
from harness.fuzz.objects.identities import PATIENT_ID, SERIES_UID, SOP_INSTANCE_UID, STUDY_UID

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
ULTRASOUND_MULTI_FRAME = "1.2.840.10008.5.1.4.1.1.3.1"
RAW_DATA = "1.2.840.10008.5.1.4.1.1.66"
ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.1"
TWELVE_LEAD_ECG = "1.2.840.10008.5.1.4.1.1.9.1.1"
VOICE = "1.2.840.10008.5.1.4.1.1.9.4.1"
WAVEFORMS = (TWELVE_LEAD_ECG, VOICE)
CLASSES = (SECONDARY_CAPTURE, CT, MR, ULTRASOUND_MULTI_FRAME, RAW_DATA, ENHANCED_CT, *WAVEFORMS)
"""The SOP classes of which objects are made, the simplest first."""

_PLANE = {
    "FrameOfReferenceUID": "2.25.1",
    "PositionReferenceIndicator": "",
    "PatientPosition": "HFS",
    "PixelSpacing": "0.5\\0.5",
    "ImageOrientationPatient": "1\\0\\0\\0\\1\\0",
    "ImagePositionPatient": "0\\0\\0",
    "SliceThickness": "1",
}
_WAVEFORM = {
    "ContentDate": "20200229",
    "ContentTime": "120000",
    "AcquisitionDateTime": "20200229120000",
    "AcquisitionContextSequence": "",
}
_COMMON = {
    "PatientBirthDate": "",
    "PatientSex": "",
    "StudyDate": "",
    "StudyTime": "",
    "AccessionNumber": "",
    "ReferringPhysicianName": "",
    "StudyID": "",
    "SeriesNumber": "",
    "InstanceNumber": "1",
    "Manufacturer": "",
}
_SPECIFIC = {
    SECONDARY_CAPTURE: {
        "Modality": "OT",
        "ConversionType": "WSD",
        "PatientOrientation": "",
        "ImageType": "DERIVED\\SECONDARY",
    },
    CT: {
        **_PLANE,
        "Modality": "CT",
        "ImageType": "DERIVED\\SECONDARY\\AXIAL",
        "AcquisitionNumber": "",
        "KVP": "",
        "RescaleIntercept": "0",
        "RescaleSlope": "1",
        "RescaleType": "HU",
    },
    MR: {
        **_PLANE,
        "Modality": "MR",
        "ImageType": "DERIVED\\SECONDARY\\OTHER",
        "ScanningSequence": "SE",
        "SequenceVariant": "NONE",
        "ScanOptions": "",
        "MRAcquisitionType": "2D",
        "RepetitionTime": "500",
        "EchoTime": "",
        "EchoTrainLength": "",
    },
    ULTRASOUND_MULTI_FRAME: {
        "Modality": "US",
        "ImageType": "DERIVED\\SECONDARY",
        "PatientOrientation": "",
        "FrameTime": "40",
    },
    RAW_DATA: {
        "Modality": "OT",
        "ContentDate": "20200229",
        "ContentTime": "120000",
        "CreatorVersionUID": "2.25.2",
        "AcquisitionContextSequence": "",
    },
    ENHANCED_CT: {
        "Modality": "CT",
        "Manufacturer": "PHTEST",
        "ManufacturerModelName": "PHTEST",
        "DeviceSerialNumber": "1",
        "SoftwareVersions": "1",
        "FrameOfReferenceUID": "2.25.1",
        "PositionReferenceIndicator": "",
        "PatientPosition": "HFS",
        "ContentDate": "20200229",
        "ContentTime": "120000",
        "AcquisitionContextSequence": "",
        # Of a derived image the functional groups of its acquisition may be left out (A.38.1.4).
        "ImageType": "DERIVED\\PRIMARY\\AXIAL\\RESAMPLED",
        "PixelPresentation": "MONOCHROME",
        "VolumetricProperties": "VOLUME",
        "VolumeBasedCalculationTechnique": "NONE",
        "ContentQualification": "PRODUCT",
        "BurnedInAnnotation": "NO",
        "PresentationLUTShape": "IDENTITY",
    },
    TWELVE_LEAD_ECG: {**_WAVEFORM, "Modality": "ECG"},
    VOICE: {**_WAVEFORM, "Modality": "AU"},
}
"""Attributes of type 1 and 2 by class (PS3.3 A.3, A.4, A.7, A.8, A.34, A.37, A.38)."""


@functools.cache
def modules_of(sop_class: str) -> Nodes:
    """All that every object of the class has, in no order."""
    increment = (numbers("FrameIncrementPointer", 0x00181063),) if sop_class == ULTRASOUND_MULTI_FRAME else ()
    return (
        *texts(_COMMON | _SPECIFIC[sop_class]),
        *increment,
        text("SOPClassUID", sop_class),
        Node(0x00080018, "UI", SOP_INSTANCE_UID),
        Node(0x00100020, "LO", PATIENT_ID),
        Node(0x0020000D, "UI", STUDY_UID),
        Node(0x0020000E, "UI", SERIES_UID),
    )
