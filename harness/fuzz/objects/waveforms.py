"""Waveforms: multiplex groups of channels, and their samples (PS3.3 A.34, C.10.9; PS3.5 8.3)."""

from __future__ import annotations

from hypothesis import strategies as st

from harness.fuzz.nodes import Node, Nodes
from harness.fuzz.objects.attributes import code
from harness.fuzz.objects.elements import data, numbers, sequence, text
from harness.fuzz.objects.forms import counted
from harness.fuzz.objects.modules import TWELVE_LEAD_ECG
from harness.fuzz.objects.parts import Part, Setting

_NUMBERS = st.integers(0, 0xFFFF)
_CHANNELS = st.sampled_from(((1,), (2, 1), (3, 3, 3, 3, 1), (12,)))
"""Of each multiplex group of an ECG: five groups at most, and 13 channels altogether (A.34.3.4)."""
_ECG_SAMPLES = st.sampled_from((4, 1, 50, 301))
_VOICE = st.sampled_from(((1, 8), (1, 1), (2, 7), (1, 1_025)))
"""Channels and samples of the one multiplex group of a voice (A.34.2.4)."""
_LEADS = (
    *((1, "I"), (2, "II"), (61, "III"), (62, "aVR"), (63, "aVL"), (64, "aVF")),
    *((3, "V1"), (4, "V2"), (5, "V3"), (6, "V4"), (7, "V5"), (8, "V6"), (2, "II")),
)
"""What of MDC stands behind "2:", and its meaning (PS3.16 CID 3001)."""


@st.composite
def waveforms(draw: st.DrawFn, sop_class: str, setting: Setting) -> Part:
    """The Waveform module of an object of a class."""
    if sop_class == TWELVE_LEAD_ECG:
        channels = draw(_CHANNELS)
        samples, number = draw(_ECG_SAMPLES), draw(_NUMBERS)
        groups, first = [], 0
        for index, count in enumerate(channels):
            leads = range(first, first + count)
            groups.append(_ecg(leads, samples + index, number + index))
            first += count
        traits = ("several multiplex groups",) if len(channels) > 1 else ()
        return Part((sequence("WaveformSequence", groups, number >> 2),), traits)
    count, samples = draw(_VOICE)
    number = draw(_NUMBERS)
    group = _voice(count, samples, number, setting)
    return Part((sequence("WaveformSequence", [group], number >> 4),))


def _group(channels: int, samples: int, frequency: int, interpretation: str, bits: int) -> Nodes:
    return (
        text("WaveformOriginality", "ORIGINAL"),
        numbers("NumberOfWaveformChannels", channels),
        numbers("NumberOfWaveformSamples", samples),
        text("SamplingFrequency", str(frequency)),
        numbers("WaveformBitsAllocated", bits),
        text("WaveformSampleInterpretation", interpretation),
    )


def _ecg(leads: range, samples: int, number: int) -> Nodes:
    """Signed samples of 16 bits, channel after channel for each point in time (C.10.9.1.7)."""
    nodes = [
        *_group(len(leads), samples, 500, "SS", 16),
        sequence("ChannelDefinitionSequence", (_lead(lead, number) for lead in leads), number >> 3),
        data("WaveformData", "OW", counted(len(leads) * samples * 2, number)),
    ]
    if number & 1:
        nodes.append(data("WaveformPaddingValue", "OW", b"\0\x80"))
    if number & 2:
        nodes.append(text("MultiplexGroupLabel", "STANDARD"))
    return tuple(nodes)


def _lead(lead: int, number: int) -> Nodes:
    value, name = _LEADS[lead]
    nodes = [
        text("ChannelLabel", f"Lead {name}"),
        sequence("ChannelSourceSequence", [code(f"2:{value}", "MDC", f"Lead {name}".encode("ascii"))]),
        text("ChannelSensitivity", "1.25"),
        sequence("ChannelSensitivityUnitsSequence", [code("uV", "UCUM", b"microvolt")]),
        text("ChannelSensitivityCorrectionFactor", "1"),
        text("ChannelBaseline", "0"),
        text("ChannelSampleSkew", "0"),
        numbers("WaveformBitsStored", 16),
    ]
    if number & 1:
        # Of the VR of the samples (PS3.5 8.3).
        nodes.append(data("ChannelMinimumValue", "OW", b"\x01\x80"))
        nodes.append(data("ChannelMaximumValue", "OW", b"\xff\x7f"))
    return tuple(nodes)


def _voice(channels: int, samples: int, number: int, setting: Setting) -> Nodes:
    """Samples of 8 bits, of VR OB where the transfer syntax names it (PS3.5 8.3, A.1)."""
    vr = "OB" if setting.names_vr else "OW"
    channel: tuple[Node, ...] = (
        sequence("ChannelSourceSequence", [code("109110", "DCM", b"Voice")]),
        text("ChannelSampleSkew", "0"),
        numbers("WaveformBitsStored", 8),
    )
    nodes = [
        *_group(channels, samples, 8_000, ("UB", "MB", "AB")[number % 3], 8),
        sequence("ChannelDefinitionSequence", [channel] * channels, number >> 3),
        data("WaveformData", vr, counted(channels * samples, number)),
    ]
    if number & 4:
        nodes.append(data("WaveformPaddingValue", vr, b"\x80"))
    return tuple(nodes)
