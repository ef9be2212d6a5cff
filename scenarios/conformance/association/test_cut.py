"""Connections that end without a word (PS3.8 9.2.3)."""

from __future__ import annotations

import contextlib
import socket
import struct

import pytest

from harness.dimse.errors import ConnectionClosed
from harness.scenario import QUALITY, SHALL, expect_service, requirement
from harness.scu.find import find_request
from harness.scu.identifier import encode_identifier, keys_of
from harness.scu.session import Scu
from harness.scu.survey import MANY_KEYS
from harness.scu.uids import STUDY_ROOT_FIND, VERIFICATION, QueryLevel
from harness.synthesis import SyntheticStudy

pytestmark = pytest.mark.hostile

AGAIN = 50
NO_LINGER = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: closing resets the connection."""


@requirement("PS3.8 9.2.3", SHALL, "A connection that ends within a request is forgotten.")
def test_request(scu: Scu) -> None:
    begun = scu.request(VERIFICATION).encode()[:40]
    for _ in range(AGAIN):
        connection = scu.connect()
        with contextlib.suppress(ConnectionClosed):
            connection.send_raw(begun)
        connection.close()
    expect_service(scu, f"{AGAIN} connections that ended within A-ASSOCIATE-RQ")


@requirement("PS3.8 9.2.3", QUALITY, "A connection that is reset during an answer ends the work for it.")
def test_reset_during_response(scu: Scu, stored_study: SyntheticStudy) -> None:
    keys = {**MANY_KEYS, "StudyInstanceUID": stored_study.study_uid}
    for _ in range(AGAIN):
        association = scu.open(STUDY_ROOT_FIND)
        context = association.context_for(STUDY_ROOT_FIND)
        identifier = encode_identifier(keys_of(QueryLevel.STUDY, keys), context.transfer_syntax)
        association.send_message(context.id, find_request(association, STUDY_ROOT_FIND), identifier)
        association.receive_pdu()
        association.connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        association.close()
    expect_service(scu, f"{AGAIN} connections that were reset during a C-FIND")
