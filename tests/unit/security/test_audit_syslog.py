"""Syslog messages taken apart: what RFC 5424 and 5425 allow, and what they do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.security.audit.syslog import LONGEST, BadFrame, NotSyslog, OctetCounting, parse
from tests.audit_messages import MARK


@pytest.mark.parametrize(
    "header",
    [
        b"<85>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 -",
        b"<0>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - -",
        b"<191>1 - - - - - -",
        b'<165>1 - h a - ID47 [exampleSDID@32473 iut="3" eventSource="Application"][b@32473 c="\\"\\]\\\\"]',
        b"<85>1 - h a p m [empty@32473]",
        b'<85>1 - h a p m [a@1 name="\xc3\xa4"]',
    ],
)
def test_legal_headers(header: bytes) -> None:
    read = parse(header + b" " + MARK + b"<a>1 2</a>")
    assert read.content == b"<a>1 2</a>"
    assert read.is_marked
    assert parse(header).content == b"", "MSG may be absent"


def test_what_is_read() -> None:
    read = parse(b"<86>1 2026-11-29T12:00:00Z host app 1 - - <a/>")
    assert (read.facility, read.priority, read.host_name, read.application) == (10, 86, "host", "app")
    assert not read.says_what_it_is
    assert not read.is_marked


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (b"", "PRI"),
        (b"<192>1 - h a p m - x", "PRI"),
        (b"<085>1 - h a p m - x", "PRI"),
        (b"<85>Nov 29 12:00:00 host app: <a/>", "3164"),
        (b"<85>2 - h a p m - x", "version"),
        (b"<85>1 - h a p m", "six fields"),
        (b"<85>1 2026-11-29 h a p m - x", "TIMESTAMP"),
        (b"<85>1 2026-11-29T12:00:00 h a p m - x", "TIMESTAMP"),
        (b"<85>1 2026-11-29t12:00:00z h a p m - x", "TIMESTAMP"),
        (b"<85>1 - h\xc3\xa4 a p m - x", "HOSTNAME"),
        (b"<85>1 -  a p m - x", "HOSTNAME"),
        (b"<85>1 - h " + b"a" * 49 + b" p m - x", "APP-NAME"),
        (b"<85>1 - h a p " + b"m" * 33 + b" - x", "MSGID"),
        (b"<85>1 - h a p m <a/>", "STRUCTURED-DATA"),
        (b"<85>1 - h a p m -x", "STRUCTURED-DATA"),
        (b'<85>1 - h a p m [a b="]"] x', "STRUCTURED-DATA"),
    ],
)
def test_other_headers(message: bytes, said: str) -> None:
    with pytest.raises(NotSyslog, match=said):
        parse(message)


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6), st.lists(st.integers(1, 30), max_size=20))
def test_a_stream_in_any_pieces(messages: list[bytes], lengths: list[int]) -> None:
    stream = b"".join(str(len(one)).encode() + b" " + one for one in messages)
    counting = OctetCounting()
    found = []
    for length in lengths:
        found += counting.feed(stream[:length])
        stream = stream[length:]
    found += counting.feed(stream)
    assert found == messages
    assert counting.rest == b""


@pytest.mark.parametrize(
    "stream",
    [b"<85>1 - - - - - -\n", b"012 abc", b"-1 abc", b"12345678901", b"%d x" % (LONGEST + 1), b" 3 abc"],
)
def test_a_stream_that_is_not_counted(stream: bytes) -> None:
    with pytest.raises(BadFrame):
        OctetCounting().feed(stream)


def test_the_rest_of_a_stream() -> None:
    counting = OctetCounting()
    assert counting.feed(b"3 abc5 ab") == [b"abc"]
    assert counting.rest == b"5 ab"
