"""Data sets that are made while they are sent: their length is said beforehand, and has to be right."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.dimse.errors import MisuseError
from harness.dimse.fragments import STREAMED, Stream, pdus_of


def data_of(stream: bytes) -> tuple[bytes, list[bool]]:
    """The data of P-DATA-TF PDUs of one PDV each, and which of them say that they are the last."""
    data, lasts, at = b"", [], 0
    while at < len(stream):
        end = at + 6 + int.from_bytes(stream[at + 2 : at + 6])
        data += stream[at + 12 : end]
        lasts.append(bool(stream[at + 11] & 2))
        at = end
    return data, lasts


@settings(max_examples=200)
@given(st.lists(st.binary(max_size=50), max_size=6), st.integers(1, 30))
def test_a_stream_goes_out_as_its_bytes_do(parts: list[bytes], size: int) -> None:
    whole = b"".join(parts)
    sent = b"".join(bytes(one) for pdus in pdus_of(1, Stream(len(whole), iter(parts)), size) for one in pdus)
    data, lasts = data_of(sent)
    assert data == whole
    assert lasts == [False] * (len(lasts) - 1) + [True]
    plain = b"".join(bytes(one) for pdus in pdus_of(1, whole, size) for one in pdus)
    assert sent == plain


@pytest.mark.parametrize("said", [0, 1, 9, 11, 1000])
def test_a_length_that_is_not_true_is_misuse(said: int) -> None:
    with pytest.raises(MisuseError, match=r"longer than|ends"):
        list(pdus_of(1, Stream(said, [b"01234", b"56789"]), 4))


@pytest.mark.parametrize("size", [1000, 16378, 262144, 1_000_000])
def test_no_more_is_asked_for_than_may_be_on_its_way(size: int) -> None:
    asked = 0

    def parts() -> Iterator[bytes]:
        nonlocal asked
        for _ in range(64):
            asked += 2**20
            yield bytes(2**20)

    given_ = 0
    for pdus in pdus_of(1, Stream(64 * 2**20, parts()), size):
        assert asked - given_ <= STREAMED
        given_ += sum(map(len, pdus))
    assert asked == 64 * 2**20
